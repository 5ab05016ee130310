LONGEST_SHIFT = 8


def estimated_shift(seen, done, labels):
    return 0
