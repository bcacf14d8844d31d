"""Which names a tool may print without being asked twice: those whose parts a reviewer recognises at once.

Blind panels reject names of known parts too, for the reasons that README.md has under 'Names by default'. A name with
one of these may be a good one; its author will know why.
"""

import re
from collections.abc import Collection, Sequence
from functools import cache

from bacterio_cli.nomenclature import rules
from bacterio_cli.nomenclature.glossary import Word, standard
from bacterio_cli.nomenclature.morphology import ELEMENT, RELATIONAL, VOWELS, Analysis, Morphology, Part

WELL_JOINED = 0.8  # what a path may cost beside its elements: one short element or second vowel, not both
TAKEN, IMPLAUSIBLE = "taken for another", "implausible"  # the second is found out by the model
REASONS = ("not explained", "ill formed", "oddly composed", "rare element", TAKEN, IMPLAUSIBLE)
ADJECTIVE = 10  # genera at least that end with an adjective; one is enough for other elements
BEFORE_GENUS = 4  # genera at least that have the first element before a genus, as Thermo- of Thermodesulfobacterium
# Keywords of the glossary, with commas between as there.
SHAPES = "rod,sphere,spiral,filament,ring,disc,comma"
STRETCHED = "long,straight,curved,bent,flat"  # no sphere is
WATERS = "marine,coast,lake,river,soil,salt,freshwater,water"
COLOURS = "red,pink,orange,yellow,golden,green,blue,violet,purple,brown,black,white,grey"
HEAT, COVERS = "hot,warm,cold,ice,snow", "capsule,sheath"
# Behind these a reviewer expects what is eaten, loved, made or lived in: a noun, or an adjective 'of the sea'.
AGENT = re.compile(
    "(phag|phil|phob|troph|vor|bor|lytic|clastic)(us|a|um)|vorax|vorans|ferax|fermentans|degradans|producens|oxidans|"
    "fex|gena|genes|[a-z]*(tor|trix)"
)
EATER = re.compile("phag|vor|bor")
DWELLER = re.compile("(in)?cola|habitans|colens")  # and behind these a place, by its keywords
PLACES = (
    "soil,sediment,mud,sand,rock,cave,desert,mountain,forest,marine,coast,deep sea,vent,freshwater,lake,river,"
    "spring,hot spring,groundwater,wetland,salt lake,estuary,island,ice,snow,polar,air,wastewater,compost,dung,"
    "cheese,milk,wine,beer,food,plant,root,leaf,flower,fruit,seed,wood,rice,grass,tree,legume,alga,fungus,"
    "animal,human,gut,mouth,skin,blood,insect,bee,ant,termite,worm,sponge,coral,fish,bird,mollusc,crustacean,"
    "mammal,amphibian,reptile,oil,salt,water,dry,cold,hot"
)
BACTERIA = re.compile("(bacteri|clostridi|spirill|vibrion)[oi]?")  # nobody's first element but of what eats them
SENT_BACK_FIRST = re.compile("arto|cero|chro|homo|hypho|moro|nauti|vici")  # by readers, whatever follows
SENT_BACK_LAST = re.compile(  # and behind any but what a genus has before them
    "allas|bactron|bactrum|botulus|carbo|coleum|comes|cucumis|faba|farcimen|genium|glans|moron|musa|natronum|oleum|"
    "oscilla|pyrum|pyrus|serpula|tomaculum|uncus|venus"
)


class Usable:
    """Judges drawn names by a glossary and by the genera of a corpus; words asked for need no genus that has them."""

    def __init__(self, morphology: Morphology, asked: Collection[Word] = ()) -> None:
        self.morphology = morphology
        lines = "\n".join(("", *morphology.genera, ""))  # each genus stands between two line ends
        self.count = cache(lines.count)
        self.rests = cache(lambda form: re.findall(f"\n{form}(.+)", lines))
        self.own = {*asked} | {*morphology.glossary.words}.difference(standard().words)

    def refusal(self, name: str) -> str:
        """Why a name is not usable, in two or three words; "" if it is."""
        analysis = self.morphology.explained(name)
        if not analysis:
            return "not explained"
        if rules.status(rules.judge(name)[0]) != "ok":
            return "ill formed"
        if not self.is_simple(analysis) or not agrees(analysis.parts):
            return "oddly composed"
        first, last = analysis.parts[0], analysis.parts[-1]
        rare = SENT_BACK_FIRST.fullmatch(first.form) or not self.count("\n" + first.stem)
        if rare and self.own.isdisjoint(first.words):
            return "rare element"
        if last.kind == "word" and self.own.isdisjoint(last.words):
            adjective = all("adj." in word.grammar for word in last.words) and not AGENT.fullmatch(last.form)
            known = self.count(last.form + "\n")
            if SENT_BACK_LAST.fullmatch(last.form) or known < (ADJECTIVE if adjective else 1):
                return "rare element"
        return TAKEN if self.is_variant(name.lower()) else ""

    def is_variant(self, word: str) -> bool:
        """Whether a genus is called so but for -bacter and -bacterium or for -us, -a, -um, -ius, -ia and -ium."""
        swapped = word[:-3] if word.endswith("bacterium") else word + "ium" * word.endswith("bacter")
        stem = re.sub("i?(us|a|um)$", "", word)
        variants = {swapped} | {stem + end for end in ("us", "a", "um", "ius", "ia", "ium") if stem != word}
        return not variants.isdisjoint(self.morphology.genera)

    def is_simple(self, analysis: Analysis) -> bool:
        """Two elements, well joined, or more of which those behind the first are a genus; no diminutive of a noun."""
        first, *others = analysis.parts
        rest = analysis.name.lower()[len(first.form) :]
        is_genus = rest in self.morphology.genera
        if len(others) not in (1, 2) or (len(others) == 2 and not (is_genus and self.stands_before_genera(first.form))):
            return False
        if RELATIONAL.fullmatch(first.form):
            return is_genus and first.form != "pro" and not rest.startswith(first.form)
        if all(word.grammar in ("pref.", "prep.") for word in first.words):
            return is_genus and (first.words[0].grammar == "pref." or self.stands_before_genera(first.form))
        if first.form[-1] == "o" and rest[0] in VOWELS:  # Thermanaero-, not Thermoanaero-
            return False
        return analysis.cost - ELEMENT * len(analysis.parts) < WELL_JOINED

    def stands_before_genera(self, form: str) -> bool:
        """Whether genera are known that are this form and another genus, one of several elements itself."""
        genera, words = self.morphology.genera, self.morphology.glossary.finals
        return sum(rest in genera and rest not in words for rest in self.rests(form)) >= BEFORE_GENUS


def agrees(parts: Sequence[Part]) -> bool:
    """Whether no two parts say the same or the opposite, and the last has the object that it asks for."""
    first, last = parts[0], parts[-1]
    if not last.words:
        return True
    odd = f"{SHAPES},{STRETCHED}" if all(concerns(last, "sphere")) else SHAPES
    words = (*first.words, *last.words)
    at_odds = (
        ({word.sense for word in first.words} & {word.sense for word in last.words})
        or (all(concerns(last, SHAPES)) and any(all(concerns(part, odd)) for part in parts[:-1]))
        or (all(word.grammar.endswith("adj.") for word in words) and not AGENT.fullmatch(last.form))
        or any(sum(any(concerns(part, some)) for part in parts) > 1 for some in (WATERS, COLOURS, HEAT, COVERS))
        or all("dim." in word.grammar for word in last.words)
        or (DWELLER.fullmatch(last.form) and not any(concerns(parts[-2], PLACES)))
    )
    if at_odds:
        return False
    if not AGENT.fullmatch(last.form) and not DWELLER.fullmatch(last.form):
        return not BACTERIA.fullmatch(first.form)
    if all(concerns(parts[-2], SHAPES)) or (EATER.match(last.form) and any(concerns(parts[-2], WATERS))):
        return False
    objects = (word for word in parts[-2].words if word.keywords)
    return any(word.grammar.endswith((" n.", "pref.")) or word.sense.startswith("of ") for word in objects)


def concerns(part: Part, keywords: str) -> list[bool]:
    """Of each word that a part may be, whether it has one of these keywords; a part without words has none."""
    return [not {*keywords.split(",")}.isdisjoint(word.keywords.split(",")) for word in part.words] or [False]
