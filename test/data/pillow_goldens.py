"""What Pillow makes of small pictures: goldens for compiler/data/resample.ts and cli/pictures.ts.

    python test/data/pillow_goldens.py test/data        (Pillow, NumPy)

resample.npz   r-<n>-<filter>-<w>x<h>: pictures [h, w, c] resized; r-<n>: the pictures
pictures/      one file for each form a PNG or JPEG can have, and pictures.npz with Pillow's convert('RGB') and
               convert('L') of each
"""
import os, struct, sys, zlib
import numpy as np
import PIL
from PIL import Image

out = sys.argv[1]
rng = np.random.default_rng(5)
FILTERS = {'nearest': 0, 'lanczos': 1, 'bilinear': 2, 'bicubic': 3, 'box': 4, 'hamming': 5}
arrays = {}
for n, (w, h, c) in enumerate([(37, 23, 3), (16, 31, 1), (64, 48, 3), (5, 3, 1), (1, 7, 3)]):
    noise = rng.integers(0, 256, (h, w, c), dtype=np.uint8)
    # half noise, half a hard edge, so that overshoot is clipped at both ends
    noise[:, : w // 2] = np.where(np.arange(h)[:, None, None] % 4 < 2, 0, 255)
    arrays[f'r-{n}'] = noise
    picture = Image.fromarray(noise if c == 3 else noise[:, :, 0])
    for name, number in FILTERS.items():
        for tw, th in [(17, 11), (64, 64), (7, 40), (w, 9), (13, h), (1, 1), (101, 3)]:
            made = np.asarray(picture.resize((tw, th), number))
            arrays[f'r-{n}-{name}-{tw}x{th}'] = made.reshape(th, tw, c)
np.savez_compressed(f'{out}/resample.npz', **arrays)

folder = f'{out}/pictures'
os.makedirs(folder, exist_ok=True)
x, y = np.meshgrid(np.arange(29), np.arange(21))
smooth = np.stack([x * 8 % 256, y * 12 % 256, (x * y) % 256], axis=-1).astype(np.uint8)
alpha = ((x + y) * 5 % 256).astype(np.uint8)
grey = smooth[:, :, 2]
wide = ((x * 2259 + y * 977) % 65536).astype(np.uint16)
rgb = Image.fromarray(smooth)
files = {
    'rgb.png': (rgb, {}),
    'rgba.png': (Image.fromarray(np.dstack([smooth, alpha])), {}),
    'grey.png': (Image.fromarray(grey), {}),
    'grey-alpha.png': (Image.merge('LA', [Image.fromarray(grey), Image.fromarray(alpha)]), {}),
    'grey16.png': (Image.fromarray(wide), {}),
    'palette.png': (rgb.quantize(37), {}),
    'palette-alpha.png': (rgb.quantize(16), {'transparency': 3}),
    'bits1.png': (Image.fromarray(grey).convert('1'), {}),
    'rgb-key.png': (rgb, {'transparency': (0, 0, 0)}),
    'rgb444.jpg': (rgb, {'quality': 90, 'subsampling': 0}),
    'rgb420.jpg': (rgb, {'quality': 80, 'subsampling': 2}),
    'rgb422.jpg': (rgb, {'quality': 75, 'subsampling': 1}),
    'progressive.jpg': (rgb, {'quality': 85, 'progressive': True}),
    'grey.jpg': (Image.fromarray(grey), {'quality': 85}),
    'cmyk.jpg': (rgb.convert('CMYK'), {'quality': 90}),
    'rgb.webp': (rgb, {'lossless': True}),
    'rgb.gif': (rgb, {}),
}
exif = Image.Exif()
exif[0x0112] = 6  # turned by 90 degrees: convert() does not look at it
files['turned.jpg'] = (rgb, {'quality': 90, 'exif': exif})

def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

# Pillow writes no 16-bit colour
deep = np.stack([x * 2259, y * 3121, x * y * 97], -1).astype('>u2')
with open(f'{folder}/rgb16.png', 'wb') as file:
    head = chunk(b'IHDR', struct.pack('>IIBBBBB', 29, 21, 16, 2, 0, 0, 0))
    rows = b''.join(b'\0' + row.tobytes() for row in deep)
    file.write(b'\x89PNG\r\n\x1a\n' + head + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))
files['rgb16.png'] = (None, {})

arrays = {}
for name, (picture, options) in files.items():
    if picture is not None:
        picture.save(f'{folder}/{name}', **options)
    opened = Image.open(f'{folder}/{name}')
    arrays[f'{name}-RGB'] = np.asarray(opened.convert('RGB'))
    arrays[f'{name}-L'] = np.asarray(opened.convert('L'))[:, :, None]
np.savez_compressed(f'{out}/pictures.npz', **arrays)
print('Pillow', PIL.__version__)
