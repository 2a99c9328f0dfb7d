"""Sixteen boxes against one in vector registers.

Which of them meet is a coin toss for a processor that guesses branches: one test after another
took three to four times as long.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

N_LANES = 16
# Typed as nothing in particular: the first parameter is the compiler's, not the caller's.
_intrinsic: Any = intrinsic
_F32, _I1, _I16, _I32, _I64 = ir.FloatType(), *map(ir.IntType, (1, 16, 32, 64))
_VECTOR = ir.VectorType(_F32, N_LANES)
_NONE = ir.Constant(_VECTOR, ir.Undefined)


def _load(builder: Any, pointer: Any, index: Any) -> Any:
    at = builder.bitcast(builder.gep(pointer, [index]), _VECTOR.as_pointer())
    value = builder.load(at)
    value.align = 4
    return value


def _spread(builder: Any, scalar: Any) -> Any:
    mask = ir.Constant(ir.VectorType(_I32, N_LANES), [0] * N_LANES)
    return builder.shuffle_vector(builder.insert_element(_NONE, scalar, _I32(0)), _NONE, mask)


@_intrinsic
def meeting(typingctx, boxes, group, box):  # noqa: ANN201
    """Return a bit for each of the sixteen boxes of a group that meets a box.

    boxes: float32, shape (n_groups, 6, 16): lower x y z, upper x y z. box: Six float32.
    """
    signature = types.int64(boxes, group, box)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        first = context.cast(builder, args[1], sig.args[1], types.int64)
        first = builder.mul(first, _I64(6 * N_LANES))
        corners = cgutils.unpack_tuple(builder, args[2])
        meets = None
        for d in range(3):
            lower = _load(builder, data, builder.add(first, _I64(N_LANES * d)))
            upper = _load(builder, data, builder.add(first, _I64(N_LANES * (3 + d))))
            for ways, one, other in (("<=", lower, corners[3 + d]), (">=", upper, corners[d])):
                near = builder.fcmp_ordered(ways, one, _spread(builder, other))
                meets = near if meets is None else builder.and_(meets, near)
        return builder.zext(builder.bitcast(meets, _I16), _I64)

    return signature, codegen


@_intrinsic
def lowest(typingctx, bits):  # noqa: ANN201
    """Return the place of the lowest bit that is set; bits (int64) must not be zero."""
    signature = types.int64(types.int64)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(_I64, [_I64, _I1])
        count = cgutils.get_or_insert_function(builder.module, kind, "llvm.cttz.i64")
        return builder.call(count, [args[0], _I1(1)])

    return signature, codegen
