"""Matrix rows in vector registers: 3x3 blocks as three columns of four lanes.

The compiler does not find this form by itself: it is 1.6 to 2.4 times faster than the same loop
in plain scalars, and three times faster than rows interleaved for gathers.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from fitting.drape.vectors import F32, I32, I64, emitted, filled, load, spread

_V4 = ir.VectorType(F32, 4)


class _Rows:
    """Emits the product of one row; arguments as in row_product."""

    def __init__(self, context: Any, builder: Any, sig: Any, args: Any) -> None:
        self._context, self.builder, self._sig, self._args = context, builder, sig, args
        kind = ir.FunctionType(_V4, [_V4, _V4, _V4])
        self._fma = cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.v4f32")

    def data(self, k: int) -> Any:
        """Pointer to the first element of array argument k."""
        array = self._context.make_array(self._sig.args[k])
        return array(self._context, self.builder, self._args[k]).data

    def wide(self, k: int) -> Any:
        """Integer argument k as 64 bits."""
        return self._context.cast(self.builder, self._args[k], self._sig.args[k], types.int64)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """Return a b + c."""
        return self.builder.call(self._fma, [a, b, c])

    def product(self) -> Any:
        """The row times x as four lanes."""
        builder = self.builder
        pcol, pval, pbcol, pbval, px, pfar = (self.data(k) for k in (2, 3, 6, 7, 8, 9))
        first, last = self.wide(10), self.wide(11)
        zero = ir.Constant(_V4, [0.0] * 4)
        sums = [cgutils.alloca_once_value(builder, zero) for _ in range(3)]

        def neighbour(pointer: Any, at: Any) -> Any:
            j = builder.sext(builder.load(builder.gep(pointer, [at])), I64)
            near = builder.and_(
                builder.icmp_signed(">=", j, first), builder.icmp_signed("<", j, last)
            )
            return load(builder, _V4, builder.select(near, px, pfar), builder.shl(j, I64(2)))

        with cgutils.for_range_slice(builder, self.wide(0), self.wide(1), I64(1)) as (s, _):
            other = neighbour(pcol, s)
            base = builder.mul(s, I64(12))
            for lane, total in enumerate(sums):
                column = load(builder, _V4, pval, builder.add(base, I64(4 * lane)))
                same = spread(builder, other, lane)
                builder.store(self.fma(column, same, builder.load(total)), total)
        with cgutils.for_range_slice(builder, self.wide(4), self.wide(5), I64(1)) as (s, _):
            other = neighbour(pbcol, s)
            scalar = builder.load(builder.gep(pbval, [s]))
            product = self.fma(filled(builder, _V4, scalar), other, builder.load(sums[0]))
            builder.store(product, sums[0])
        a, b, c = (builder.load(total) for total in sums)
        return builder.fadd(builder.fadd(a, b), c)


@emitted
def row_product(typingctx, lo, hi, col, val, blo, bhi, bcol, bval, x, far, first, last):  # noqa: ANN201
    """Return the three float32 of one row of the matrix times x.

    Blocks lo..hi of ``val`` (nnz, 12) at columns ``col``, scalars blo..bhi of ``bval`` at
    ``bcol``; columns outside first..last read from ``far`` instead of ``x``, both (n, 4).
    """
    result = types.UniTuple(types.float32, 3)
    signature = result(lo, hi, col, val, blo, bhi, bcol, bval, x, far, first, last)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        total = _Rows(context, builder, sig, args).product()
        lanes = [builder.extract_element(total, I32(k)) for k in range(3)]
        return context.make_tuple(builder, sig.return_type, lanes)

    return signature, codegen


@emitted
def relax_row(  # noqa: ANN201
    typingctx, lo, hi, col, val, blo, bhi, bcol, bval, x, far, first, last, i, inv, right
):
    """Solve row i for its own three unknowns, in place: x += inv (right - A x).

    inv: Inverses of the own blocks as three columns of four lanes, shape (n, 12). right: (n, 4).
    """
    signature = types.void(
        lo, hi, col, val, blo, bhi, bcol, bval, x, far, first, last, i, inv, right
    )

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        rows = _Rows(context, builder, sig, args)
        row = builder.shl(rows.wide(12), I64(2))
        base = builder.mul(rows.wide(12), I64(12))
        error = builder.fsub(load(builder, _V4, rows.data(14), row), rows.product())
        total = load(builder, _V4, rows.data(8), row)
        for lane in range(3):
            column = load(builder, _V4, rows.data(13), builder.add(base, I64(4 * lane)))
            total = rows.fma(column, spread(builder, error, lane), total)
        at = builder.bitcast(builder.gep(rows.data(8), [row]), _V4.as_pointer())
        builder.store(total, at).align = 4
        return context.get_dummy_value()

    return signature, codegen
