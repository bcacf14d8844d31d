"""From a config and a corpus to a checkpoint: the plan, the state between two steps, the loop, and resuming it.

Imports checkpoint/, lm/, nn/ and dataset/.
"""
