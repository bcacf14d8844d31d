"""What is known of genus names: the words they are made of, the rules of the codes, gender, and lists to compare with.

Imports dataset/.
"""
