"""Vector registers for kernels: how intrinsics load and spread their lanes."""

from typing import Any

from llvmlite import ir
from numba.extending import intrinsic

# Typed as nothing in particular: an intrinsic's first parameter is the compiler's.
emitted: Any = intrinsic
F32, I1, I16, I32, I64 = ir.FloatType(), *map(ir.IntType, (1, 16, 32, 64))


def load(builder: Any, kind: Any, pointer: Any, index: Any) -> Any:
    """A vector of a kind from an array of its numbers, at an index that need not be aligned."""
    at = builder.bitcast(builder.gep(pointer, [index]), kind.as_pointer())
    value = builder.load(at)
    value.align = 4
    return value


def spread(builder: Any, vector: Any, lane: int) -> Any:
    """A vector of the same kind that has one lane's number everywhere."""
    kind = vector.type
    mask = ir.Constant(ir.VectorType(I32, kind.count), [lane] * kind.count)
    return builder.shuffle_vector(vector, ir.Constant(kind, ir.Undefined), mask)


def filled(builder: Any, kind: Any, scalar: Any) -> Any:
    """A vector of a kind that has a number everywhere."""
    return spread(
        builder, builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, I32(0)), 0
    )
