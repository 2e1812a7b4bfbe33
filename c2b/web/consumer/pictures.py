"""Pictures that members send for their own unit: painted anew, stored under their hash, which is the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData, UploadFile

from c2b.catalog.reading import UPLOAD, upload_fields
from c2b.catalog.rules import ProductSchema
from c2b.fulfillment.uploads import UploadRefused, accept
from c2b.kit import storage
from c2b.kit.errors import FieldError
from c2b.kit.i18n import N_
from c2b.participations.wishes.pictures import held, storage_key

_GONE = N_("Please choose the picture again.")


async def with_pictures(
    form: FormData, schema: ProductSchema, scopes: Sequence[str], *, store: bool
) -> tuple[list[tuple[str, Any]], list[FieldError]]:
    """The form's pairs with each sent picture's hash in place of the file, and what was wrong with a file.

    ``store`` is false for who is not logged in: nobody stores files here without an account.
    """
    pairs, faults = list(form.multi_items()), []
    for file_name, hash_name in upload_fields(schema, scopes):
        path = hash_name.partition(".")[2]
        sent = form.get(file_name)
        try:
            if store and isinstance(sent, UploadFile) and sent.size:
                pairs = [*((name, value) for name, value in pairs if name != hash_name)]
                pairs.append((hash_name, await _stored(sent)))
            elif not await _known([value for name, value in pairs if name == hash_name]):
                pairs = [(name, value) for name, value in pairs if name != hash_name]
                faults.append(FieldError(path, "picture_gone", _GONE))
        except UploadRefused as refused:
            faults += [replace(fault, path=path) for fault in refused.fields]
    return [(name, value) for name, value in pairs if not name.endswith(UPLOAD)], faults


async def _stored(sent: UploadFile) -> str:
    picture = await accept("photo", filename=sent.filename or "", data=await sent.read())
    await asyncio.to_thread(storage.put, storage_key(picture.sha256), picture.data)
    return picture.sha256


async def _known(hashes: list[Any]) -> bool:
    """Are these hashes of pictures we hold? An empty field is."""
    for sha256 in filter(None, hashes):
        if not await asyncio.to_thread(held, str(sha256)):
            return False
    return True
