"""What a quick upload endpoint looks like: `UploadFile`, Pillow load, transpose, resize, save, write.

`python naive_server.py PORT FOLDER`. It checks nothing, removes nothing private and keeps no record.
"""

from __future__ import annotations

import io
import sys
import uuid
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import FastAPI, File, Form, UploadFile
from PIL import Image, ImageOps

FOLDER = Path(sys.argv[2])
app = FastAPI()


@app.get("/readyz")
def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/api/v1/images/upload", status_code=201)
def upload(business_id: Annotated[int, Form()], file: Annotated[UploadFile, File()]) -> dict[str, object]:
    data = file.file.read()
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    thumb = image.resize((533, 400), Image.Resampling.LANCZOS)
    name = uuid.uuid4().hex
    thumb.save(FOLDER / f"{name}.webp", quality=80)
    (FOLDER / f"{name}.jpg").write_bytes(data)
    return {"success": True, "image": {"width": image.width, "height": image.height}}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
