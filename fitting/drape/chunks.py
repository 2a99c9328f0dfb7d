"""Loops on all threads: a kernel runs once for each chunk of a range.

The compiler's own parallel loops take half a second each to compile; this one hands its threads a
kernel that is compiled anyway.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from fitting.drape.vectors import I32, I64, emitted

_BYTES = ir.IntType(8).as_pointer()
_SIZES = I64.as_pointer()
_WORKER = ir.FunctionType(ir.VoidType(), [_BYTES.as_pointer(), _SIZES, _SIZES, _BYTES])


@emitted
def in_chunks(typingctx, part, lo, hi, n, sums, args):  # noqa: ANN201
    """Call ``part(first, last, *args)`` for each of n equal chunks of lo..hi, on all threads.

    What it returns is written to ``sums`` (n,), unless that is None. Which thread works off which
    chunk changes nothing, as long as chunks write to different places. An array that is written
    must overlap with no other: the compiler takes that for granted.
    """
    number = types.int64
    wanted = (number, number, *(types.unliteral(kind) for kind in args.types))
    call = part.get_call_type(typingctx, wanted, {})
    signature = types.void(part, number, number, number, sums, types.Tuple(wanted[2:]))

    def codegen(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        compiled = part.dispatcher.get_compile_result(call)
        context.add_linking_libs([compiled.library])
        bundle = cgutils.pack_struct(builder, values[1:])
        data = cgutils.alloca_once_value(builder, bundle)
        work = _worker(context, builder.module, bundle.type, compiled.fndesc, call, sig)
        _launch(builder, work, values[3], builder.bitcast(data, _BYTES))
        return context.get_dummy_value()

    return signature, codegen


def _worker(context: Any, module: Any, kind: Any, part: Any, call: Any, sig: Any) -> Any:
    """A function that works off some chunks: the first one's number is the address given."""
    work = ir.Function(module, _WORKER, module.get_unique_name("chunks_of." + part.mangled_name))
    work.linkage = "internal"
    work.attributes.add("noinline")  # a second copy might add in another order on one thread
    builder = ir.IRBuilder(work.append_basic_block("entry"))
    places, sizes, _, data = work.args
    begin = builder.ptrtoint(builder.load(places), I64)
    end = builder.add(begin, builder.load(sizes))
    bundle = builder.load(builder.bitcast(data, kind.as_pointer()))
    lo, hi, n, sums, args = cgutils.unpack_tuple(builder, bundle, 5)
    values = [
        _borrowed(context, builder, array, kind)
        for array, kind in zip(cgutils.unpack_tuple(builder, args), call.args[2:], strict=True)
    ]
    span, share = builder.sub(hi, lo), _apart(context, module, part)
    one = I64(1)
    with cgutils.for_range_slice(builder, begin, end, one) as (k, _):
        first, last = (
            builder.add(lo, builder.sdiv(builder.mul(span, at), n))
            for at in (k, builder.add(k, one))
        )
        # No kernel raises, so its status says nothing.
        _, total = context.call_conv.call_function(
            builder, share, call.return_type, call.args, (first, last, *values)
        )
        if sig.args[4] is not types.none:
            array = context.make_array(sig.args[4])(context, builder, sums)
            builder.store(total, builder.gep(array.data, [k]))
    builder.ret_void()
    return work


def _borrowed(context: Any, builder: Any, value: Any, kind: Any) -> Any:
    """The same array without an owner: counting its users atomically would cost half the time."""
    if not isinstance(kind, types.Array):
        return value
    array = context.make_array(kind)(context, builder, value)
    array.meminfo = cgutils.get_null_value(array.meminfo.type)
    array.parent = cgutils.get_null_value(array.parent.type)
    return array._getvalue()


def _apart(context: Any, module: Any, part: Any) -> Any:
    """The part once more, for arrays that do not overlap: that makes it up to twice as fast."""
    inner = context.declare_function(module, part)
    name = module.get_unique_name("apart." + part.mangled_name)
    share = ir.Function(module, inner.function_type, name)
    share.linkage = "internal"
    for value in share.args:
        if isinstance(value.type, ir.PointerType):
            value.add_attribute("noalias")
    builder = ir.IRBuilder(share.append_basic_block("entry"))
    builder.ret(builder.call(inner, share.args, attrs=("alwaysinline",)))
    return share


def _launch(builder: Any, work: Any, n: Any, data: Any) -> None:
    """Share the chunks among the threads; a single one works them off without waking others."""
    zero, one = I64(0), I64(1)
    place = cgutils.alloca_once_value(builder, ir.Constant(_BYTES, None))
    size, step = cgutils.alloca_once_value(builder, n), cgutils.alloca_once_value(builder, one)
    threads = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(I32, []), "get_num_threads"
    )
    run = ir.FunctionType(ir.VoidType(), [_WORKER.as_pointer(), *_WORKER.args, I64, I64, I32])
    share = cgutils.get_or_insert_function(builder.module, run, "numba_parallel_for")
    n_threads = builder.call(threads, [])
    with builder.if_else(builder.icmp_signed(">", n_threads, I32(1))) as (many, alone):
        with many:
            builder.call(share, [work, place, size, step, data, zero, one, n_threads])
        with alone:
            builder.call(work, [place, size, step, data])
