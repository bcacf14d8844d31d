"""What a trained model is used for: drawing names, filtering them, and scoring given ones.

Imports checkpoint/, lm/, nn/, nomenclature/ and dataset/.
"""
