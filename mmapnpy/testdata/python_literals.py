"""Writes python_literals.tsv: what CPython's ast.literal_eval makes of each text.

Columns: the text as JSON; its value in a notation without floats, or the exception.
Made with CPython 3.11: python3 python_literals.py > python_literals.tsv
"""
import ast
import json
import warnings

warnings.simplefilter("ignore")

TEXTS = r'''
None True False ... none true +True -... not\x201
0 00 0_0 7 007 0_7 1_000 1__0 1_ _1 0x1F 0X_1f 0x 0xg 0x1_ 0o17 0O_7 0o8 0b11 0B2 0b 017 08 09
9223372036854775807 -9223372036854775808 9223372036854775808 18446744073709551616 0xFFFFFFFFFFFFFFFF
+3 -3 -\x203 --3 -+3 -(3) -((3)) (-3) -(-3) ~3 -\n3 (-\n3) -(3 -'a' - +
1.5 .5 5. 1.e5 1e5 1E-5 1e 1e+ 1_0.0_1 1._5 09.5 0777. . .j 1j 1.5J 1jj 1..2 1... 0e0
1+2j 1-2j -1+2j 1+-2j 1+2j+3j 1j+1 (1)+(2j) (-1)+2j 1+(2j) -(1+2j) 1.5-.5j 1+2 1*2 2**3 1\x202 1if\x201else\x202
1L 1l 1\x20L 1or\x202
'a' "a" '' "" 'a'"b" 'a'\n'b' ('a'\n'b') ('a'#c\n'b') 'a'+'b' 'a" "a 'a\nb' "a\\\nb" 'a\\\r\nb'
\'\'\'a\'\'\' """a\nb""" """a\r\nb\rc""" """a"b""" """a\\"""" """\\""" """" """""" ""\x20""
u'a' U'a' r'a\\n' R'\\' r'\\\'' r'a\\\nb' ur'a' ru'a' f'a' b'a' B"a" br'a' Rb'a' bb'a' b'a'b'b' b'a''b' x'a' rr'a'
'\\\\' '\\'' '\\a\\b\\f\\n\\r\\t\\v' '\\0' '\\7' '\\12' '\\123' '\\1234' '\\400' '\\777' '\\8' '\\q' '\\x41' '\\x4' '\\xg1'
'\\u0041' '\\u004' '\\ud800' '\\ud83d\\ude00' '\\U00000041' '\\U00110000' '\\U0010ffff' '\\N{BULLET}' b'\\xff' b'\\u0041' b'\\400'
'\x00' '\x7f' 'é' b'é' '\\\\x41' '\xa0' é
() (1) (1,) (1,2) (1,2,) ((1)) ((1),) ((),) (,) (1,,) (1,2 1,2) ( ) 1, [] [1] [1,] [1,2] [,] [1\x202] [1,2) ( ] [[]] [[1],[2,[3]]]
{} {1} {1,} {1:2} {1:2,} {1:2,3:4} {1,2:3} {1:2,3} {,} {:} {1:} {:1} {1::2} {**{}} {*()} {1:2 {'a':{'b':()}} {1:1,1:2}
set() dict() np.int64(3) int(3) a a.b [].a [][0] (1).real 1\x20.real lambda:0 [x\x20for\x20x\x20in\x20()] `1` $ ? ! @ ; 1; 1: = 1=1 1==1 <f8
\x20{} \t{} \n{} \n\x20{} \n\t{} \x20\n{} \r{} \r\n{} \x0c{} \x0c\x20{} \n\x0c{} \n\x20\x0c{} #c\n{} #c \\\n{} \\\n\x20{} {\\\n} {}\\\n{} \xa0{} \ufeff{} \x00{}
{}\x20 {}\n {}\n\n {}\r {}\r\n {}\n\x20 {}\n\x20\n {}\n\x0c {}#c {}\n#c {}\x20#c\n {}\\\n {}\\\n\n {}\n\\\n {}\\\n#c {}\x00 {}\xa0 {}\x1a {}\n{} {}{} {}\x0b
{\n} [1,\r\n2] [1\r,2] [1,#c\n2] (1\\\n) (1\\\x20\n) [1#c] [1\t,\x0c2] (1\x0b)
'''


def canonical(v):
    if isinstance(v, (float, complex, bytes)):
        return type(v).__name__
    if isinstance(v, tuple):
        return "(" + "".join(canonical(x) + "," for x in v) + ")"
    if isinstance(v, (list, set)):
        return "[set]"[: 1 if isinstance(v, list) else 4] + "".join(canonical(x) + "," for x in v) + "]"
    if isinstance(v, dict):
        return "{" + "".join(canonical(k) + ":" + canonical(x) + "," for k, x in v.items()) + "}"
    return ascii(v)


print("text", "value", sep="\t")
for word in TEXTS.split():
    text = word.encode("latin-1", "backslashreplace").decode("unicode_escape") if "\\" in word else word
    try:
        value = canonical(ast.literal_eval(text))
    except Exception as e:
        value = type(e).__name__
    print(json.dumps(text), value, sep="\t")
