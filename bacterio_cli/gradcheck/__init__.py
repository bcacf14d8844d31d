"""Every gradient held against a derivative without calculus, and mistakes planted to be caught.

Imports checkpoint/, nn/ and dataset/.
"""
