"""From a config and a corpus to a checkpoint. Imports checkpoint/, lm/, nn/ and dataset/. To read it in order:

config, the options; plan, which names are learned in which phase, with which targets; state, what the next step depends
on; trainer, the loop; batch_gradients and worker, its gradients on two cores; evaluation, on the names held out;
resume, a checkpoint of the state and back.
"""
