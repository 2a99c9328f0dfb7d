"""Sixteen boxes against one in vector registers.

Which of them meet is a coin toss for a processor that guesses branches: one test after another
took three to four times as long.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from fitting.drape.vectors import F32, I1, I16, I64, emitted, filled, load

N_LANES = 16
_VECTOR = ir.VectorType(F32, N_LANES)


@emitted
def meeting(typingctx, boxes, group, box):  # noqa: ANN201
    """Return a bit for each of the sixteen boxes of a group that meets a box.

    boxes: float32, shape (n_groups, 6, 16): lower x y z, upper x y z. box: Six float32.
    """
    signature = types.int64(boxes, group, box)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        first = context.cast(builder, args[1], sig.args[1], types.int64)
        first = builder.mul(first, I64(6 * N_LANES))
        corners = cgutils.unpack_tuple(builder, args[2])
        meets = None
        for d in range(3):
            lower = load(builder, _VECTOR, data, builder.add(first, I64(N_LANES * d)))
            upper = load(builder, _VECTOR, data, builder.add(first, I64(N_LANES * (3 + d))))
            for ways, one, other in (("<=", lower, corners[3 + d]), (">=", upper, corners[d])):
                near = builder.fcmp_ordered(ways, one, filled(builder, _VECTOR, other))
                meets = near if meets is None else builder.and_(meets, near)
        return builder.zext(builder.bitcast(meets, I16), I64)

    return signature, codegen


@emitted
def lowest(typingctx, bits):  # noqa: ANN201
    """Return the place of the lowest bit that is set; bits (int64) must not be zero."""
    signature = types.int64(types.int64)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = ir.FunctionType(I64, [I64, I1])
        count = cgutils.get_or_insert_function(builder.module, kind, "llvm.cttz.i64")
        return builder.call(count, [args[0], I1(1)])

    return signature, codegen
