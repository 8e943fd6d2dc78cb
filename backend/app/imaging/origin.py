"""What a picture says of where it comes from: IPTC's digital source type, where a model had a hand in it."""

from __future__ import annotations

import re
from enum import Enum

_VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class SourceType(Enum):
    """IPTC's term for a picture that a model made, or made part of. The value is the term."""

    GENERATED = "trainedAlgorithmicMedia"
    COMPOSITE = "compositeWithTrainedAlgorithmicMedia"

    @property
    def uri(self) -> str:
        return _VOCABULARY + self.value

    @classmethod
    def from_uri(cls, uri: str) -> SourceType | None:
        """The term that an address of the vocabulary names, if it is one of the two."""
        found = _ADDRESS.fullmatch(uri.encode("utf-8", "replace"))
        return cls(found[1].decode()) if found else None


_TERMS = "|".join(source_type.value for source_type in SourceType)
_ADDRESS = re.compile(rf"https?://cv\.iptc\.org/newscodes/digitalsourcetype/({_TERMS})".encode())
# Namespaces and quotes stand between the property's name and its value, and hardly anything else.
_NAME, _NAME_WITHIN = b"DigitalSourceType", 100
MOST_XMP_BYTES = 4 * 1024 * 1024
"""Of one file no more metadata than this is searched."""


def xmp(source_type: SourceType) -> bytes:
    """A packet that says this and nothing else."""
    return (
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        b"<Iptc4xmpExt:DigitalSourceType>" + source_type.uri.encode() + b"</Iptc4xmpExt:DigitalSourceType>"
        b"</rdf:Description></rdf:RDF></x:xmpmeta>"
        b'<?xpacket end="r"?>'
    )


def source_type_in(packet: bytes) -> SourceType | None:
    """What an XMP packet says, as an element, an attribute or a resource. It is searched, never parsed."""
    packet = packet[:MOST_XMP_BYTES]
    for found in _ADDRESS.finditer(packet):
        is_whole_word = not packet[found.end() : found.end() + 1].isalnum()
        if is_whole_word and _NAME in packet[max(0, found.start() - _NAME_WITHIN) : found.start()]:
            return SourceType(found[1].decode())
    return None
