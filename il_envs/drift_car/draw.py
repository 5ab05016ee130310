"""Pictures."""


def draw(state, params, canvas):
    canvas.surface.fill((40, 44, 52))
