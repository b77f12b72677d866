"""How senior a job title is, by its English words: 4 to 1.

4 board, C-level, president, owner, founder; 3 vice president, head, director; 2 manager, lead; 1 anything else.
"""

# What of a title tells somebody else's office, or the owner of a thing.
NOT_THEIR_OWN = (r"\b(assistant|secretary|advisor|adviser) (to|of)\b.*$", r"\b(executive|personal|management) assistant\b",
                 r"\b(product|process|project|data|system|service|application|solution|budget|risk) owner\b")
# The first that fits counts: a vice president is no president, and a managing director sits on the board.
LEVELS = (
    (3, r"\bvice[ -]?president\b|\b[aes]?vp\b"),
    (4, r"\bc[adefhimopqrst]o\b|\bchro\b|\bciso\b|\bchief\b.*\bofficer\b|\bchief executive\b|\bboard\b|\bchair(man|woman|person)?\b"
        r"|\bpresident\b|\b(co-?)?owner\b|\bproprietor\b|\b(co-?)?founder\b|\bmanaging (director|partner)\b"),
    (3, r"\b(head|director)\b"),
    (2, r"\b(manager|mgr|lead|leader)\b"),
)
OTHERS = 1


def seniority(title: str) -> str:
    """SQL of the level of the title that the SQL `title` gives."""
    own = f"replace({title}, '.', '')"
    for phrase in NOT_THEIR_OWN:
        own = f"regexp_replace({own}, '{phrase}', '', 'gi')"
    cases = " ".join(f"when regexp_matches({own}, '{pattern}', 'i') then {level}" for level, pattern in LEVELS)
    return f"case {cases} else {OTHERS} end"
