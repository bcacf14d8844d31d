"""What is known of genus names: the rules of the codes, their parts, their gender, and lists to compare with.

Imports dataset/.
"""
