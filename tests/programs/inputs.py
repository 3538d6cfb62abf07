"""The small files each case finds in its folder: the same on every machine."""
import base64
import lzma
import random


def make_inputs(folder):
    source = random.Random(1986)
    words = ["".join(source.choices("abcdefghilmnoprstuwy", k=source.randint(2, 9))) for _ in range(60)]
    words += words[:15]
    common = ["the", "of", "and", "one", "two", "line"] * 3 + words
    text = "\n".join(" ".join(source.choices(common, k=source.randint(3, 12))) for _ in range(150)) + "\n"
    files = {
        "empty": "",
        "lines": "".join(f"line {i} of the file\n" for i in range(1, 51)),
        "words": "\n".join(words) + "\n",
        "text": text,
        "numbers": "".join(f"{source.randint(-5000, 5000)}\n" for _ in range(200)),
        "floats": "".join(f"{source.uniform(-10, 10):.4f}\n" for _ in range(12)),
        "table": "".join(f"{word}:{source.choice('xyz')}:{source.randint(1, 99)}\n" for word in words[:20]),
        "paragraphs": "one\ntwo\n\nthree\n\n\nfour\nfive\nsix\n",
        "text.xz.b64": base64.encodebytes(lzma.compress(text.encode(), check=lzma.CHECK_CRC32)).decode(),
    }
    for name, content in files.items():
        (folder / name).write_text(content)
    (folder / "binary").write_bytes(source.randbytes(3000) + b"some text in between\0" * 20 + bytes(range(256)))
