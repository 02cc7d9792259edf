"""What the instructions of a pickle declare, checked against the size of its file before any is carried out.

Python's unpickler sets memory aside for whatever size an instruction declares: a file of twenty bytes can ask for
terabytes.
"""

import mmap
import pickletools

from trainables.config import Refused

_BY_CODE = {ord(opcode.code): opcode for opcode in pickletools.opcodes}
# Bytes of the size that precedes an argument of that size, and whether the size is signed.
_SIZE_PREFIXES = {
    pickletools.TAKEN_FROM_ARGUMENT1: (1, False),
    pickletools.TAKEN_FROM_ARGUMENT4: (4, True),
    pickletools.TAKEN_FROM_ARGUMENT4U: (4, False),
    pickletools.TAKEN_FROM_ARGUMENT8U: (8, False),
}
_TWO_LINES = "stringnl_noescape_pair"
# Python's memo is a list as long as the highest number put into it.
_MEMO_OPCODES = ("PUT", "BINPUT", "LONG_BINPUT")
# Extensions bypass the choice of what may be imported: Python keeps those that were ever used.
_EXTENSION_OPCODES = ("EXT1", "EXT2", "EXT4")


class UnsafePickleError(Refused):
    """A pickle asks for something that no arrays and built-in containers need; nothing of it was carried out."""


def check_opcodes(content: mmap.mmap) -> None:
    """Go through all instructions up to the end of the pickle without carrying any out.

    Raises UnsafePickleError where one declares more than the file holds, or a memo longer than the instructions so
    far; and Refused where the pickle is damaged or ends too early.
    """
    position, num_opcodes, name = 0, 0, ""
    while name != "STOP":
        opcode = _BY_CODE.get(content[position]) if position < len(content) else None
        if opcode is None:
            found = f"the unknown instruction {content[position]:#04x}" if position < len(content) else "its end"
            raise Refused(f"expected a whole pickle, found {found} at byte {position}")
        name = opcode.name
        num_opcodes += 1
        if name in _EXTENSION_OPCODES:
            raise UnsafePickleError(f"refused the registered extension of instruction {name}")
        start = position + 1
        position = start if opcode.arg is None else _end_of_argument(content, start, opcode.arg, name)
        if name == "FRAME":
            _require_room(content, position, _integer(content[start:position]), name)
        if name in _MEMO_OPCODES:
            argument = content[start:position]
            index = int(argument) if name == "PUT" else _integer(argument)
            if not 0 <= index <= num_opcodes:
                raise UnsafePickleError(f"refused {name} {index}: a memo longer than the {num_opcodes} instructions")


def _end_of_argument(content: mmap.mmap, start: int, argument: pickletools.ArgumentDescriptor, name: str) -> int:
    """Position behind the argument that begins at `start`."""
    if argument.n == pickletools.UP_TO_NEWLINE:
        end = start
        for _ in range(2 if argument.name == _TWO_LINES else 1):
            end = content.find(b"\n", end) + 1
            if end == 0:
                raise Refused(f"expected a whole pickle, found its end inside {name}")
        return end
    size, behind = argument.n, start
    if argument.n in _SIZE_PREFIXES:
        num_bytes, signed = _SIZE_PREFIXES[argument.n]
        behind = start + num_bytes
        size = _integer(content[start:behind], signed)
    _require_room(content, behind, size, name)
    return behind + size


def _require_room(content: mmap.mmap, start: int, size: int, name: str) -> None:
    if not 0 <= size <= len(content) - start:
        raise UnsafePickleError(
            f"refused {name} of {size} bytes, of which the file holds {max(0, len(content) - start)}: "
            "it is cut short, or asks for memory that it does not fill"
        )


def _integer(content: bytes, signed: bool = False) -> int:
    return int.from_bytes(content, "little", signed=signed)
