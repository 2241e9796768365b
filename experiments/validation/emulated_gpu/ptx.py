"""PTX, what the compiler for devices makes of a kernel, translated to C.

A thread becomes one call of a function, a register a variable, a branch a goto. Every operation is
rounded as PTX ISA 9.0 says; the C is compiled without contraction, so that a product and a sum stay
two. Threads run one after another: sums in memory are plain sums, and there are no barriers.
What kernels of this package use is here. Anything else raises `UnknownInstructionError`: nothing is
guessed.
"""

import re
from collections.abc import Iterator

_PRELUDE = r"""
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;
typedef int8_t s8; typedef int16_t s16; typedef int32_t s32; typedef int64_t s64;
typedef u8 b8; typedef u16 b16; typedef u32 b32; typedef u64 b64;
typedef float f32; typedef double f64; typedef u8 pred;
typedef unsigned __int128 u128; typedef __int128 s128;
static inline f64 float_of_64(u64 x) { f64 y; memcpy(&y, &x, 8); return y; }
static inline u64 bits_of_64(f64 x) { u64 y; memcpy(&y, &x, 8); return y; }
static inline f32 float_of_32(u32 x) { f32 y; memcpy(&y, &x, 4); return y; }
static inline u32 bits_of_32(f32 x) { u32 y; memcpy(&y, &x, 4); return y; }
#define LOAD(T, p) ({ T _v; memcpy(&_v, (const void *)(p), sizeof _v); _v; })
#define STORE(T, p, x) ({ T _w = (x); memcpy((void *)(p), &_w, sizeof _w); })
#define ADD(T, p, x) ({ T _old = LOAD(T, p); STORE(T, p, _old + (T)(x)); _old; })
#define SHL(T, x, n) ((n) >= 8 * sizeof(T) ? (T)0 : (T)((T)(x) << (n)))
#define SHR(T, x, n) ((n) >= 8 * sizeof(T) ? (T)((T)(x) < 0 ? -1 : 0) : (T)((T)(x) >> (n)))
/* The seed of a quotient: of the upper half of the argument, and itself one; small ones are 0. */
static inline f64 upper(f64 x) {
    f64 y = float_of_64(bits_of_64(x) & 0xffffffff00000000ULL);
    return fabs(y) < 0x1p-1022 ? copysign(0.0, y) : y;
}
/* Of a number and NaN the number; -0 is less than 0. */
static inline f64 largest(f64 a, f64 b) {
    if (a != a || b != b) return a != a ? b : a;
    return a == b ? (signbit(a) ? b : a) : a > b ? a : b;
}
static inline f64 smallest(f64 a, f64 b) { return -largest(-a, -b); }
/* Conversions to integers stop at the largest and the smallest. */
static inline s64 truncated_s64(f64 x) {
    if (x != x) return INT64_MIN;
    return x >= 0x1p63 ? INT64_MAX : x <= -0x1p63 ? INT64_MIN : (s64)x;
}
static inline u64 truncated_u64(f64 x) {
    if (x != x) return (u64)1 << 63;
    return x >= 0x1p64 ? UINT64_MAX : x <= 0 ? 0 : (u64)x;
}
static inline s32 truncated_s32(f64 x) {
    if (x != x) return INT32_MIN;
    return x >= 0x1p31 ? INT32_MAX : x <= -0x1p31 ? INT32_MIN : (s32)x;
}
static inline u32 truncated_u32(f64 x) {
    if (x != x) return (u32)1 << 31;
    return x >= 0x1p32 ? UINT32_MAX : x <= 0 ? 0 : (u32)x;
}
static inline u64 inserted(u64 a, u64 b, u32 at, u32 length, u32 width) {
    at &= 255, length &= 255;
    u64 mask = length >= width ? ~(u64)0 : ((u64)1 << length) - 1;
    return at >= width ? b : (b & ~(mask << at)) | ((a & mask) << at);
}
static inline u64 extracted(u64 a, u32 at, u32 length) {
    at &= 255, length &= 255;
    u64 mask = length >= 64 ? ~(u64)0 : ((u64)1 << length) - 1;
    return at >= 64 ? 0 : (a >> at) & mask;
}
static u32 tid, ctaid, ntid, nctaid;
"""

_COMPARISONS = {
    "eq": "{} == {}", "ne": "{} != {}", "lt": "{} < {}", "le": "{} <= {}", "gt": "{} > {}",
    "ge": "{} >= {}", "num": "!isnan({}) && !isnan({})", "nan": "isnan({}) || isnan({})",
    "ltu": "!({} >= {})", "leu": "!({} > {})", "gtu": "!({} <= {})", "geu": "!({} < {})",
    "equ": "!({0} < {1} || {0} > {1})", "neu": "!({0} == {1})",
}  # fmt: skip
"""Of ordered numbers, and with u of numbers that may be NaN too."""

_UNEQUAL_FLOATS = "{0} < {1} || {0} > {1}"
"""Which NaN is of nothing, while C's != says yes."""

_OPERATIONS = {
    "add": "{} + {}", "sub": "{} - {}", "neg": "-{}", "rem": "{} % {}", "div": "{} / {}",
    "and": "{} & {}", "or": "{} | {}", "xor": "{} ^ {}", "not": "~{}", "rcp": "1.0 / {}",
    "sqrt": "sqrt({})", "fma": "fma({}, {}, {})", "copysign": "copysign({1}, {0})",
    "min": "{0} < {1} ? {0} : {1}", "max": "{0} > {1} ? {0} : {1}", "abs": "{0} < 0 ? -{0} : {0}",
}  # fmt: skip
"""Rounded to nearest, whatever the type."""

_BY_TYPE = {
    ("not", "pred"): "!{}", ("abs", "f64"): "fabs({})", ("abs", "f32"): "fabsf({})",
    ("min", "f64"): "smallest({}, {})", ("max", "f64"): "largest({}, {})",
}  # fmt: skip
_ROUNDINGS = {"rzi": "trunc({})", "rni": "rint({})", "rmi": "floor({})", "rpi": "ceil({})"}
_SPECIAL = {"%tid.x": "tid", "%ctaid.x": "ctaid", "%ntid.x": "ntid", "%nctaid.x": "nctaid"}
_IGNORED = {"rn", "uni"}
_OF_SINGLES = {"mov", "ld", "st", "selp", "setp", "cvt", "abs"}
"""What is done with float32: they are carried and compared, and nothing is rounded."""

_TYPE = re.compile(r"[busf](8|16|32|64)|pred")
_STATEMENT = re.compile(r"\s*(?:[{}]|[^;{}]*\{[^{};]*\}[^;{}]*;|[^;{}]+;)")
_OPERAND = re.compile(r"(?:\([^)]*\)|\{[^}]*\}|\[[^\]]*\]|[^,])+")
_HEAD = re.compile(r"(?:\(([^)]*)\))?\s*([\w$]+)\s*\(([^)]*)\)", re.S)


class UnknownInstructionError(Exception):
    """A statement of PTX that is not translated, as kernels of this package do not have it."""


class Module:
    """A file of PTX.

    Attributes
    ----------
    functions : dict of str to Function
    kernels : list of Function
        Those that can be launched.
    """

    def __init__(self, text: str) -> None:
        text = re.sub(r"//[^\n]*", "", text)
        text = re.sub(r"^\s*\.(version|target|address_size|file)\b[^\n]*", "", text, flags=re.M)
        self.symbols: set[str] = set()
        self.storage: list[str] = []
        self.functions: dict[str, Function] = {}
        for head, body in _pieces(text):
            if body is not None:
                function = Function(self, head, body)
                self.functions[function.name] = function
            elif ".func" not in head:
                self._add_variable(head)
        self.kernels = [found for found in self.functions.values() if found.is_kernel]

    def _add_variable(self, text: str) -> None:
        found = re.search(r"\.(\w+)\s+([\w$]+)(?:\[(\d*)\])?\s*(?:=\s*(.*))?$", text, re.S)
        assert found, text[:200]
        kind, name, count, value = found.groups()
        self.symbols.add(name)
        if value is None:
            self.storage.append(_room(_c(name), int(count or 1) * _bytes(kind)))
            return
        values = re.sub(r"0d([0-9A-Fa-f]{16})", r"0x\1ULL", value.strip().strip("{}"))
        held = kind.replace("f", "u")
        self.storage.append(f"static {held} {_c(name)}[{count or 1}] = {{{values}}};")

    def source(self) -> str:
        """The file in C, with a function `run_<number>` for each kernel."""
        functions = list(self.functions.values())
        runs = [_run(number, kernel) for number, kernel in enumerate(self.kernels)]
        # Bodies first: they say which storage they need.
        bodies = [function.source() for function in functions]
        prototypes = [f"{function.prototype};" for function in functions]
        return "\n".join([_PRELUDE, *self.storage, *prototypes, *bodies, *runs])


class Function:
    """A function of PTX: every parameter is the address of what is given."""

    def __init__(self, module: Module, head: str, body: str) -> None:
        found = _HEAD.search(re.split(r"\.(?:entry|func)\b", head)[1])
        assert found, head[:200]
        self.module, self.body, self.is_kernel = module, body, ".entry" in head
        self.name = found[2]
        self.returned, self.given = _parameters(found[1]), _parameters(found[3])
        self.addresses = {name: _c(name) for name in (*self.returned, *self.given)}
        self.registers: dict[str, str] = {}  # their types

    @property
    def prototype(self) -> str:
        """Its first line in C."""
        given = [f"u8 *{_c(name)}" for name in (*self.returned, *self.given)]
        return f"static void {_c(self.name)}({', '.join(given) or 'void'})"

    def source(self) -> str:
        """The function in C."""
        lines = list(self._lines())
        registers = [f"{kind} {_c(name)} = 0;" for name, kind in self.registers.items()]
        return "\n".join([self.prototype + " {", *registers, *lines, "}"])

    def _lines(self) -> Iterator[str]:
        text = re.sub(r"^\s*\.loc\b[^\n]*", "", self.body, flags=re.M)
        text = re.sub(r"^\s*([$\w]+):", r"label \1;", text, flags=re.M)
        at = 0
        while found := _STATEMENT.match(text, at):
            statement, at = found[0].strip().rstrip(";").strip(), found.end()
            if statement.startswith("label "):
                yield f"{_c(statement.split()[1])}:;"
            elif statement.startswith("."):
                yield from self._declared(statement)
            elif statement not in ("{", "}", ""):
                yield self._instruction(statement)
        assert not text[at:].strip(), text[at : at + 200]

    def _declared(self, text: str) -> Iterator[str]:
        words = text.split(None, 2)
        if words[0] == ".reg":
            for name in words[2].split(","):
                many = re.fullmatch(r"(%\w+)<(\d+)>", name.strip())
                names = [f"{many[1]}{i}" for i in range(int(many[2]))] if many else [name.strip()]
                self.registers.update(dict.fromkeys(names, words[1].strip(".")))
        elif words[0] in (".local", ".param"):
            found = re.search(r"\.(\w+)\s+([\w$]+)(?:\[(\d+)\])?$", text)
            assert found, text
            size = int(found[3] or 1) * _bytes(found[1])
            name = (
                f"room_{len(self.module.storage)}"  # the same name may be declared in many blocks
            )
            self.module.storage.append(_room(name, size))
            self.addresses[found[2]] = name
            yield f"memset({name}, 255, {size});"  # what was not written is NaN
        elif words[0] != ".pragma":
            raise UnknownInstructionError(text)

    # ------------------------------------------------------------------------------- operands

    def _value(self, operand: str, kind: str) -> str:
        """An operand as a number of a type."""
        if operand.startswith("!"):
            return f"!{self._value(operand[1:], kind)}"
        if operand.startswith(("0d", "0f")):
            bits = f"0x{operand[2:]}ULL"
            return f"float_of_{kind[1:]}({bits})" if kind[0] == "f" else bits
        if kind == "pred" and re.fullmatch(r"-?\d+", operand):
            return str(int(operand != "0"))
        if re.fullmatch(r"-?\d+|0x[0-9a-fA-F]+", operand):
            return f"({kind}){int(operand, 0) & (2**64 - 1)}ULL"
        if operand in _SPECIAL:
            return _SPECIAL[operand]
        held, name = self.registers.get(operand), _c(operand)
        if held is None:
            return f"({kind})({self._address(operand)})"
        if held[0] == "f" != kind[0]:
            return f"({kind})bits_of_{held[1:]}({name})"
        if held[0] != "f" == kind[0]:
            return f"float_of_{kind[1:]}({name})"
        return f"({kind}){name}"

    def _values(self, operands: list[str], kind: str) -> list[str]:
        return [self._value(operand, kind) for operand in operands]

    def _address(self, operand: str) -> str:
        """An address in bytes."""
        found = re.fullmatch(r"\[?\s*([\w$%.]+)\s*(?:\+\s*(-?\d+))?\s*\]?", operand)
        assert found, operand
        base, offset = found[1], found[2] or "0"
        if base in self.registers:
            return f"(u64){_c(base)} + ({offset})"
        if base in self.module.symbols:
            return f"(u64)&{_c(base)} + ({offset})"
        return f"(u64){self.addresses[base]} + ({offset})"

    def _set(self, operand: str, kind: str, value: str) -> str:
        """Give a register the value of an expression of a type; a wider one keeps the sign."""
        if operand == "_":
            return f"(void)({value});"
        held, name = self.registers[operand], _c(operand)
        if held[0] == "f" != kind[0]:
            return f"{name} = float_of_{held[1:]}({value});"
        if held[0] != "f" == kind[0]:
            return f"{name} = bits_of_{kind[1:]}({value});"
        return f"{name} = ({held})({kind})({value});"

    # ------------------------------------------------------------------------------- instructions

    def _instruction(self, text: str) -> str:
        guard = re.match(r"@(!?)(%\w+)\s+", text)
        if guard:
            return f"if ({guard[1]}{_c(guard[2])}) {{ {self._instruction(text[guard.end() :])} }}"
        word, *rest = text.split(None, 1)
        name, *modifiers = word.split(".")
        operands = _split("".join(rest))
        kinds = [modifier for modifier in modifiers if _TYPE.fullmatch(modifier)]
        modifiers = [each for each in modifiers if each not in kinds and each not in _IGNORED]
        if "f32" in kinds and name not in _OF_SINGLES:
            raise UnknownInstructionError(text)
        special = getattr(self, f"_do_{name}", None)
        if special is not None:
            found = special(operands, modifiers, kinds)
        else:
            found = self._expression(name, operands, modifiers, kinds)
        if found is None:
            raise UnknownInstructionError(text)
        return str(found)

    def _expression(
        self, name: str, operands: list[str], modifiers: list[str], kinds: list[str]
    ) -> str | None:
        """An instruction of one form that is one expression of C; None if it is not known."""
        expression = _BY_TYPE.get((name, *kinds[:1]), _OPERATIONS.get(name))
        if expression is None or modifiers or not kinds:
            return None
        values = self._values(operands[1:], kinds[0])
        return self._set(operands[0], kinds[0], expression.format(*values))

    def _do_mul(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str | None:
        target, *factors = operands
        (kind,), bits = kinds, int(kinds[0][1:])
        a, b = self._values(factors, kind)
        if kind[0] == "f" and not modifiers:
            return self._set(target, kind, f"{a} * {b}")
        if modifiers not in (["lo"], ["hi"], ["wide"]):
            return None
        wide = f"{kind[0]}{2 * bits}"
        product = f"({wide}){a} * ({wide}){b}"
        if modifiers == ["wide"]:
            return self._set(target, wide, product)
        return self._set(target, kind, f"({product}) >> {bits}" if "hi" in modifiers else product)

    def _do_mad(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str | None:
        target, a, b, c = operands
        kind = kinds[0]
        if modifiers == ["wide"]:
            wide = f"{kind[0]}{2 * int(kind[1:])}"
            product = f"({wide}){self._value(a, kind)} * ({wide}){self._value(b, kind)}"
            return self._set(target, wide, f"{product} + {self._value(c, wide)}")
        if modifiers != ["lo"]:
            return None
        a, b, c = self._values([a, b, c], f"u{kind[1:]}")
        return self._set(target, kind, f"{a} * {b} + {c}")

    def _do_rcp(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str | None:
        x = self._value(operands[1], kinds[0])
        if modifiers not in ([], ["approx", "ftz"]):
            return None
        found = f"upper(1.0 / upper({x}))" if modifiers else f"1.0 / {x}"
        return self._set(operands[0], kinds[0], found)

    def _do_shl(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        return self._shifted("SHL", operands, kinds[0])

    def _do_shr(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        return self._shifted("SHR", operands, kinds[0])

    def _shifted(self, way: str, operands: list[str], kind: str) -> str:
        x, places = self._value(operands[1], kind), self._value(operands[2], "u32")
        return self._set(operands[0], kind, f"{way}({kind}, {x}, {places})")

    def _do_bfi(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        width = kinds[0][1:]
        a, b = self._values(operands[1:3], f"u{width}")
        at, length = self._values(operands[3:5], "u32")
        return self._set(operands[0], f"u{width}", f"inserted({a}, {b}, {at}, {length}, {width})")

    def _do_bfe(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str | None:
        if kinds[0][0] != "u":
            return None
        at, length = self._values(operands[2:4], "u32")
        x = self._value(operands[1], kinds[0])
        return self._set(operands[0], kinds[0], f"extracted({x}, {at}, {length})")

    def _do_setp(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        text = _COMPARISONS[modifiers[0]]
        if modifiers[0] == "ne" and kinds[0][0] == "f":
            text = _UNEQUAL_FLOATS
        text = text.format(*self._values(operands[1:3], kinds[0]))
        if len(operands) == 4:
            sign = {"and": "&&", "or": "||"}[modifiers[1]]
            text = f"({text}) {sign} {self._value(operands[3], 'pred')}"
        return self._set(operands[0], "pred", text)

    def _do_selp(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        a, b = self._values(operands[1:3], kinds[0])
        choice = self._value(operands[3], "pred")
        return self._set(operands[0], kinds[0], f"{choice} ? {a} : {b}")

    def _do_mov(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        """A value, or one in parts."""
        (target, source), width = operands, int(kinds[0][1:]) if kinds[0] != "pred" else 8
        if target.startswith("{"):
            parts = _split(target.strip("{}"))
            size = width // len(parts)
            value = self._value(source, f"u{width}")
            set_parts = (
                self._set(part, f"u{size}", f"_w >> {size * i}") for i, part in enumerate(parts)
            )
            return f"{{ u64 _w = {value}; {' '.join(set_parts)} }}"
        if source.startswith("{"):
            parts = _split(source.strip("{}"))
            size = width // len(parts)
            values = self._values(parts, f"u{size}")
            joined = " | ".join(f"(u64){value} << {size * i}" for i, value in enumerate(values))
            return self._set(target, f"u{width}", joined)
        return self._set(target, kinds[0], self._value(source, kinds[0]))

    def _do_cvta(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        return self._set(operands[0], "u64", self._value(operands[1], "u64"))

    def _do_cvt(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        to, source = kinds
        value = self._value(operands[1], source)
        for rounding in modifiers:
            value = _ROUNDINGS[rounding].format(value)
        if source[0] == "f" != to[0]:
            value = f"truncated_{to}({value})"
        return self._set(operands[0], to, f"({to}){value}")

    def _do_ld(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        (targets, address), kind = operands, kinds[0]
        set_parts = (
            self._set(part, kind, f"LOAD({kind}, _a + {_bytes(kind) * i})")
            for i, part in enumerate(_split(targets.strip("{}")))
        )
        return f"{{ u64 _a = {self._address(address)}; {' '.join(set_parts)} }}"

    def _do_st(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        (address, sources), kind = operands, kinds[0]
        stored = (
            f"STORE({kind}, _a + {_bytes(kind) * i}, {self._value(part, kind)});"
            for i, part in enumerate(_split(sources.strip("{}")))
        )
        return f"{{ u64 _a = {self._address(address)}; {' '.join(stored)} }}"

    def _do_atom(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str | None:
        return self._do_red(operands[1:], modifiers, kinds, operands[0])

    def _do_red(
        self, operands: list[str], modifiers: list[str], kinds: list[str], target: str = "_"
    ) -> str | None:
        if "add" not in modifiers:
            return None
        place, x = self._address(operands[0]), self._value(operands[1], kinds[0])
        return self._set(target, kinds[0], f"ADD({kinds[0]}, {place}, {x})")

    def _do_bra(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        return f"goto {_c(operands[0])};"

    def _do_ret(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        return "return;"

    def _do_call(self, operands: list[str], modifiers: list[str], kinds: list[str]) -> str:
        returned = _split(operands.pop(0).strip("()")) if operands[0].startswith("(") else []
        name, *given = operands
        arguments = [*returned, *(part for each in given for part in _split(each.strip("()")))]
        called = self.module.functions[name]
        assert len(arguments) == len(called.returned) + len(called.given), name
        places = ", ".join(f"(u8 *)({self._address(argument)})" for argument in arguments)
        return f"{_c(name)}({places});"


def _run(number: int, kernel: Function) -> str:
    """All threads of a launch, one after another."""
    given = ", ".join(f"p[{j}]" for j in range(len(kernel.given)))
    return f"""void run_{number}(void **p, u32 blocks, u32 threads) {{
    nctaid = blocks; ntid = threads;
    for (ctaid = 0; ctaid < blocks; ctaid++)
        for (tid = 0; tid < threads; tid++) {_c(kernel.name)}({given});
}}"""


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Heads and bodies of functions, and declarations with None."""
    at = 0
    while text[at:].strip():
        semicolon, brace = text.find(";", at), text.find("{", at)
        if 0 <= brace < semicolon and re.search(r"\.(func|entry)\b", text[at:brace]):
            depth, end = 1, brace + 1
            while depth:
                found = re.compile(r"[{}]").search(text, end)
                assert found
                depth, end = depth + (1 if found[0] == "{" else -1), found.end()
            yield text[at:brace].strip(), text[brace + 1 : end - 1]
            at = end
        else:
            yield text[at:semicolon].strip(), None
            at = semicolon + 1


def _parameters(text: str | None) -> list[str]:
    return [re.sub(r"\[\d*\]", "", each.split()[-1]) for each in _split(text or "")]


def _split(text: str) -> list[str]:
    """Operands, of which brackets keep some together."""
    return [part.strip() for part in _OPERAND.findall(text) if part.strip()]


def _bytes(kind: str) -> int:
    return int(kind[1:]) // 8


def _room(name: str, size: int) -> str:
    return f"static u8 {name}[{size}] __attribute__((aligned(16)));"


def _c(name: str) -> str:
    """A name of C."""
    return re.sub(r"\W", lambda sign: {"%": "r_", "$": "S_", ".": "_D_"}[sign[0]], name)
