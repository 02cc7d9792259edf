"""Getting the raw files of the data sets; imported by nothing that trains.

`python -m trainables.data.download avmnist --data-dir data`
"""
