"""The garment half: from tape measures and patterns to a fit, before anything is sewn.

The way of a garment: `body` from the tape, `pattern` drafted or read, `cloth` meshed and placed,
`drape` to rest, `fit` in maps and verdicts, `preview` as pictures and GLB; `nesting` lays the
pieces on a roll. None imports one that stands after it. Metres; y up, z the way the wearer faces,
x to the wearer's left, origin on the floor.
"""
