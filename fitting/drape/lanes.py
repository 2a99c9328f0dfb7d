"""Matrix rows in vector registers: 3x3 blocks as three columns of four lanes.

The compiler does not find this form by itself: it is 1.6 to 2.4 times faster than the same loop
in plain scalars, and three times faster than rows interleaved for gathers.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

# Typed as nothing in particular: the first parameter is the compiler's, not the caller's.
_intrinsic: Any = intrinsic
_F32, _I32, _I64 = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_V4 = ir.VectorType(_F32, 4)
_NONE = ir.Constant(_V4, ir.Undefined)


def _load(builder: Any, pointer: Any, index: Any) -> Any:
    at = builder.bitcast(builder.gep(pointer, [index]), _V4.as_pointer())
    value = builder.load(at)
    value.align = 4
    return value


def _spread(builder: Any, vector: Any, lane: int) -> Any:
    mask = ir.Constant(ir.VectorType(_I32, 4), [lane] * 4)
    return builder.shuffle_vector(vector, _NONE, mask)


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
            j = builder.sext(builder.load(builder.gep(pointer, [at])), _I64)
            near = builder.and_(
                builder.icmp_signed(">=", j, first), builder.icmp_signed("<", j, last)
            )
            return _load(builder, builder.select(near, px, pfar), builder.shl(j, _I64(2)))

        with cgutils.for_range_slice(builder, self.wide(0), self.wide(1), _I64(1)) as (s, _):
            other = neighbour(pcol, s)
            base = builder.mul(s, _I64(12))
            for lane, total in enumerate(sums):
                column = _load(builder, pval, builder.add(base, _I64(4 * lane)))
                spread = _spread(builder, other, lane)
                builder.store(self.fma(column, spread, builder.load(total)), total)
        with cgutils.for_range_slice(builder, self.wide(4), self.wide(5), _I64(1)) as (s, _):
            other = neighbour(pbcol, s)
            scalar = builder.load(builder.gep(pbval, [s]))
            vector = builder.insert_element(_NONE, scalar, _I32(0))
            product = self.fma(_spread(builder, vector, 0), other, builder.load(sums[0]))
            builder.store(product, sums[0])
        a, b, c = (builder.load(total) for total in sums)
        return builder.fadd(builder.fadd(a, b), c)


@_intrinsic
def row_product(typingctx, lo, hi, col, val, blo, bhi, bcol, bval, x, far, first, last):  # noqa: ANN201
    """Return the three float32 of one row of the matrix times x.

    Blocks lo..hi of ``val`` (nnz, 12) at columns ``col``, scalars blo..bhi of ``bval`` at
    ``bcol``; columns outside first..last read from ``far`` instead of ``x``, both (n, 4).
    """
    result = types.UniTuple(types.float32, 3)
    signature = result(lo, hi, col, val, blo, bhi, bcol, bval, x, far, first, last)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        total = _Rows(context, builder, sig, args).product()
        lanes = [builder.extract_element(total, _I32(k)) for k in range(3)]
        return context.make_tuple(builder, sig.return_type, lanes)

    return signature, codegen


@_intrinsic
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
        row = builder.shl(rows.wide(12), _I64(2))
        base = builder.mul(rows.wide(12), _I64(12))
        error = builder.fsub(_load(builder, rows.data(14), row), rows.product())
        total = _load(builder, rows.data(8), row)
        for lane in range(3):
            column = _load(builder, rows.data(13), builder.add(base, _I64(4 * lane)))
            total = rows.fma(column, _spread(builder, error, lane), total)
        at = builder.bitcast(builder.gep(rows.data(8), [row]), _V4.as_pointer())
        builder.store(total, at).align = 4
        return context.get_dummy_value()

    return signature, codegen
