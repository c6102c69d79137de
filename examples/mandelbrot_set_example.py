"""The Mandelbrot set: whole arrays at each line, so that the memory of each line shows.

    pikos-run line_memory examples/mandelbrot_set_example.py --recording csv --focused-on=mandelbrot
    pikos plot monitor_records.csv

Run with the name of a picture (mandelbrot.png) it saves what it computes; that needs matplotlib.
"""

import sys

from numpy import conj, ndarray, ogrid, zeros


def mandelbrot(h: int, w: int, maxit: int = 20) -> ndarray:
    """When each point of a picture, h by w, is found to diverge; maxit if it is not."""
    y, x = ogrid[-1.4 : 1.4 : h * 1j, -2 : 0.8 : w * 1j]
    c = x + y * 1j
    z = c
    divtime = maxit + zeros(z.shape, dtype=int)

    for i in range(maxit):
        z = z**2 + c
        diverge = z * conj(z) > 2**2  # who is diverging
        div_now = diverge & (divtime == maxit)  # who is diverging now
        divtime[div_now] = i  # note when
        z[diverge] = 2  # avoid diverging too much

    return divtime


if __name__ == "__main__":
    image = mandelbrot(400, 400)
    print(f"{(image == image.max()).sum()} of {image.size} points are in the set")
    if len(sys.argv) > 1:
        from matplotlib.image import imsave

        imsave(sys.argv[1], image)
