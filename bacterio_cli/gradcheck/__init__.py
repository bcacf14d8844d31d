"""Every gradient held against a derivative without calculus, and mistakes planted to be caught.

Imports trace/, checkpoint/, nn/ and dataset/.
"""
