"""Texts that were taken for something that they are not: each gives its genera, or is refused."""

from pathlib import Path

import pytest
from support.packing import zipped
from support.samples import place, refusal, texts

AB = ["Abanella", "Borivibrio"]
RDP = "s{}\t\tBacteria\tdomain\t1.0\tAlphaceae\tfamily\t0.9\t{}\tgenus\t0.8\n"
REPORT = "50.0\t5\t0\t{}\t{}\t  {}\n"
READ: dict[str, tuple[str, list[str]]] = {
    "filled with the name above": ("1\td__B;f__Alphia;g__Alphia\n2\td__B;f__A;g__Abanella\n3\tg__Borivibrio\n", AB),
    "hosts below mitochondria": ("d__B;f__Mitochondria;g__Zea\nd__B;g__Abanella\nd__B;g__Borivibrio\n", AB),
    "phrases of rank genus": ("name\trank\nMarine Group 2\tgenus\nAbanella Doe, 1831\tgenus\nBorivibrio\tgenus\n",
                              ["Marine Group 2", *AB]),
    "Candidatus of a uninomial": ("scientificName,uninomial,rank\nCandidatus Cora,Cora,genus\nBora,Bora,genus\n",
                                  ["Candidatus Cora", "Bora"]),
    "no column of standings": ("genus_name,sp_epithet\nAbanella,alba\nBorivibrio,\n", AB),
    "columns between tabs": ("index\tk__A;g__Abanella\tk__A;g__Borivibrio\nS1\t3\t4\n", AB),
    "delimiter at the end": ("Genus,\nAbanella,\nBorivibrio,\n", AB),
    "banner filled up": ("Table 1;;\n;;\nGattung;Familie;n\nAbanella;Alphaceae;3\nBorivibrio;;4\n", AB),
    "Kraken 1": ("".join(REPORT.format(*row) for row in (("-", 1, "root"), ("G", 2, "Abanella"))), AB[:1]),
    "rank of no genus without one": ("name\ttaxRank\nroot\tno rank\nAbanella\tgenus\n", AB[:1]),
    "lineage ends above": ("name\trank\tlineage\nx\tspecies\tBacteria;A;B;C;D;Abanella\nBorivibrio\tgenus\t\n", AB),
    "records over several lines": ('{"genus":\n"Abanella"}\n\n{"genus":\n"Borivibrio"}\n', AB),
    "records with other keys": ('[{"genus": "Abanella"}, {"name": "Borivibrio", "rank": "genus"}]', AB),
    "name and rank in turn": (RDP.format(1, "Abanella") + RDP.format(2, "Borivibrio"), AB),
    "confidence behind a colon": ("genus\tn\nAbanella: 0.80\t1\nno support\t2\nBorivibrio: 1.00\t2\n", AB),
    "hybrid and fossil": ("name\trank\n× Abanella Hort.\tgenus\n†Borivibrio d'Orbigny, 1850\tgenus\n", AB),
    "German": ("Name;Rang\nAlphaceae;Familie\nAbanella;Gattung\nBorivibrio;Gattung\n", AB),
    "heading in German, italics of a wiki": ("Gattung\n* ''Abanella''\n▪ ''Borivibrio''\n", AB),
    "behind a name": ("name\trank\nAbanella d’O.\tgenus\nBorivibrio gen. nov.\tgenus\n", AB),
    "genus of a species": ("name,rank,genus,status\nA. alba,SPECIES,Abanella,\nBorivibrio,GENUS,,\n", AB),
    "no value": ("genus,n\nNostoc,1\nNA,2\nPan,1\n,4\n", ["Nostoc", "Pan"]),
    "dump with a header": ("name\t|\trank\t|\nAbanella\t|\tgenus\t|\nBorivibrio\t|\tgenus\t|\n", AB),
    "single quotes": ("'Abanella'\n'Borivibrio'\n'Cora'\n", [*AB, "Cora"]),
    "taxa as columns": ("index,k__A;g__Abanella,k__A;g__Borivibrio,k__A;__,site\nS1,3,4,1,x\nS2,1,1,0,y\n", AB),
    "number of CheckM": ("bin.1\tg__Abanella (UID902)\t3\nbin.2\tf__Aaceae (UID8)\t5\nb\tg__Borivibrio\t5\n", AB),
    "psql": (" genus      | n\n------------+---\n Abanella   | 2\n Borivibrio | 3\n", AB),
    "anvi'o": ("genome\tt_family\tt_genus\nA\tAlphaceae\tAbanella\nB\t\tBorivibrio\n", AB),
    "Wikidata": ("genus,genusLabel\nhttp://a.org/Q1,Abanella\nhttp://a.org/Q2,Borivibrio\n", AB),
    "heading in quotes": ('"Genus"\n"Abanella"\n"Borivibrio"\n', AB),
    "family of two words": ("Bacteria;A;B;Cales;Family XI;Abanella;alba\nBacteria;A;B;Cales;X 1;Borivibrio\n", AB),
    "class of the same name": ("Bacteria;A;Abanella;Cales;Caceae;Abanella\nBacteria;A;B;B;B;Borivibrio\n", AB),
    "quotes around the genus": ('k__B;f__A;g__"Abanella";s__\nk__B;f__A;g__Borivibrio;s__\n', AB),
    "plastids and eukaryotes": ("Bacteria;C;C;Chloroplast;Chloroplast;Zea\nD_0__Eukaryota;D_5__Sus\n"
                                "Bacteria;A;B;C;Aaceae;Abanella\nD_0__Bacteria;D_5__Borivibrio\n", AB),
    "heading with a colon": ("Genera:\nAbanella\nBorivibrio\n", AB),
    "authors in cells": ("taxonRank,scientificName,canonicalName,author\ngenus,Abanella Xu,Abanella,\n"
                         "genus,Borivibrio de Toni,,de Toni\n", AB),
    "what is in a record": ('[{"genus": "Abanella", "host": {"genus": "Homo"}, "typos": [{"genus": "Abanela"}]}, '
                            '{"data": {"genus": "Borivibrio"}}]', AB),
    "ranks in a list": ('{"rows": [{"metadata": {"taxonomy": ["k__Bacteria", "g__Abanella"]}}, '
                        '{"metadata": {"taxonomy": ["k__Bacteria", "f__A", "g__Borivibrio"]}}]}', AB),
    "values in objects": ('{"results": [{"genusLabel": {"type": "literal", "value": "Abanella"}}]}', AB[:1]),
    "lineages between bars": ('id,lineage\n1,"Bacteria|A|B|C|Aaceae|Abanella"\n2,Bacteria|B|Baceae|Borivibrio\n', AB),
    "a clade that is not Kraken's": ("Genus,Clade\nAbanella,x\nBorivibrio,y\n", AB),
    "Kraken with empty columns behind": ("9\t9\t0\tD\t2\tBacteria\t\t\n9\t9\t0\tG\t3\tAbanella\t\t\n", AB[:1]),
    "lineages between commas": ("a,Bacteria(9);A;B;C;Aaceae;Abanella(97);\nb,Bacteria;A;B;C;Baceae;Borivibrio;\n", AB),
    "unclassified bacteria": ("1\tBacteria; unclassified Bacteria; A; B; C; Abanella\n"
                              "2\tArchaea;unclassified Archaea;A;B;Baceae;Borivibrio;unclassified Bacteria;B x\n", AB),
    "lines of RDP": ("Root\trootrank\t1\tBacteria\tdomain\t1\tAbanella\tgenus\t1\n"
                     "Bacteria\tdomain\t1\tB\tphylum\t1\tBorivibrio\tgenus\t1\n", AB),
    "GTDB beside other genera": ("gtdb_taxonomy\tgenus\nd__Bacteria;g__Abanella\tBora\nd__Bacteria;g__\tCora\n"
                                 "d__Bacteria;g__Borivibrio\t\n", AB),
    "comma in a lineage": ("1\tBacteria;A, B;C;D;Aaceae;Abanella\n2\tBacteria;B;C;D;Baceae;Borivibrio\n", AB),
    "paths of SILVA": ("acc,path,taxid\nAB1,Bacteria;A;Aaceae;Abanella;,1\nAB2,Bacteria;B;Baceae;Borivibrio;,2\n", AB),
    "species with their genus": ('[{"rank": "species", "name": "A alba", "in": {"genus": {"name": "Abanella"}}}, '
                                 '{"rank": "GENUS", "name": "Borivibrio"}]', AB[::-1]),
    "groups above a header": ("Taxonomy,,Counts,\nFamily,Genus,S1,S2\nA,Abanella,1,2\nB,Borivibrio,2,1\n", AB),
    "rows of R with a rank": ('"","name","rank"\n"1","Abanella","genus"\n"2","Borivibrio","genus"\n', AB),
    "some bullets and quotes": ("- Abanella\nBorivibrio\n\"Cora\"\nDora\n`Era`\n", [*AB, "Cora", "Dora", "Era"]),
    "heading and bullets": ("Gattung\n- *Abanella*\n- Borivibrio†\n", AB),
}  # fmt: skip
REFUSED = {
    "a heading of another rank below": ("Genus\nAbanella\nBora\nClasses\nCoria\n", ":4: has"),
    "an extra empty cell": ("Class,Genus,n\n1,Alphia,Bora,\n2,Betia,Cora,\n", ":2: has 4 cells, and rows above"),
    "sex of patients": ("Paciente;Género\n1;Masculino\n2;Femenina\n", "table between semicolons, of no known kind"),
    "two tables in a zip": (
        zipped(a___taxa__txt="genus,n\nBora,1\n", b___taxa__txt="genus,n\n"),
        "of 2 lists (a/taxa.txt",
    ),
    "hosts in JSON": ('[{"sample": "a", "host": {"genus": "Homo"}}]', "without genera (its keys: sample)"),
    "genders": ("Wort,Genus\nHaus,Neutrum\nTisch,Maskulinum\n", ":2: has 'Neutrum' where a name"),
    "alignment": ("2 10\nAbanellaAACGTACGTAC\nBoraCGTACGTAA\nCora\n", ":1: is no name, though others are"),
    "a list of hosts below": ("Genus\nAbanella\nBora\n\nHosts\nHomo\n", ":5: has 'Hosts' where a name"),
    "headings in records": ('[{"genus": "Abanella"}, {"genus": "Author"}]', "has 'Author' where a name"),
    "a comment like a header": ("# Genus, as found\nSample,Genus\nSoil,Abanella\n", ":2: has 'Sample' where a name"),
    "a short row": ("genus,n\nAbanella,1\nBorivibrio\n", ":3: has 1 cell, and rows above have 2"),
    "columns of pandas": ('[{"genus": {"0": "Abanella"}, "n": {"0": 3}}]', "is JSON, but without genera"),
    "ranks without a header": ("1\tgenus\tAbanella\tCohn\n2\tgenus\tBora\tCohn\n", "table between tabs, of no known"),
    "genera by genera": ("Genus,Abanella,Bora\nAbanella,1,0\nBora,0,1\n", ":2: has 'Abanella' where a name"),
    "line ends between tabs": ('class\tgenus\tnote\nA\tBora\t"two\nlines"\n', ":3: has 1 cell, and rows above"),
    "numbers of rows": ("class,genus,note\n1,A,Abanella,\n2,B,Bora,\n", ":2: has 4 cells, and rows above have 3"),
    "commas behind names": ("Abanella,\nBorivibrio,\n", "looks like a table between commas"),
    "headings of groups": ("Bora\nBacteria:\nAbella\nCora\nDora\n", ":2: is no name, though others are ('Bacteria:')"),
    "a greeting": ("Hi Tom,\nAbella\nBora\nCora\n", ":1: is no name, though others are ('Hi Tom,')"),
    "a letter": ("Dear all,\nplease find below\nRegards,\nMüller\n", "does not look like a list"),
    "FASTQ": ("@Abanella_1\nACGT\n+\nIIII\n@Bora_2\nACGT\n+\nIIII\n", ":1: is no name, though others are"),
    "a comma too much": (
        "Genus,Authority\nAbanella,Cohn, 1872\nBorivibrio,Pacini, 1854\n",
        ":2: has 3 cells, and rows",
    ),
    "another column of capitals": ("Abanella Cohn\tgenus\tUsed\nAlphaceae Cohn\tfamily\tUsed\n", ":2: has 'family'"),
    "ranks alone": ("1\tGen\t5\n2\tGattung\t6\n", "looks like a table between tabs, of no known kind"),
    "samples of genera": ("Urine,genus,Abanella\nBlood,genus,Abanella\nSkin,genus,Bora\n", "of no known kind (Urine"),
    "letters like ranks": ("S1,G,12,Berlin\nS2,S,3,Bonn\nS3,G,4,Rom\n", "between commas, of no known kind (S1"),
    "column without a genus": ("Feature,Genus,n\na1,,1\na2,,2\n", "column of genera, but without any genus"),
    "columns in JSON": ('{"name": ["Abanella", "Aceae"], "rank": ["genus", "family"]}', "JSON, but without genera"),
    "standing of lists in JSON": (
        '{"genus": ["Abanella", "Bora"], "status": ["correct", "wrong"]}',
        "is JSON, but without genera",
    ),
    "a line end without quotes": (
        "id,note,genus,class\n1,x,Abanella,A\n2,x\ny,Bora,B\n",
        ":3: has 2 cells, and rows above have 4",
    ),
    "numbers in a lineage": (
        "Bacteria;12;x;gut;human;Anna\nBacteria;13;y;gut;human;Maria\n",
        "table between semicolons",
    ),
    "two lineages": ("1\tD_0__Bacteria;D_5__Cora\td__Bacteria;g__Bora\n", ":1: has two lineages"),
    "a list of another rank": ("Klasse\nAbanella\nBora\n", ": has the heading 'Klasse': what follows"),
    "a second table in German": ("Gattung;n\nAbanella;2\n\nStamm;n\nBora;3\n", ":4: has 'Stamm' where a name"),
    "a table like a lineage": ("Bacterial;12;x;gut;a;Anna\nBacterial;13;y;sea;b;Maria\n", "table between semicolons"),
    "a cell too much before a gap": (
        "n,class,genus,x\nS, J.,A,Bora,\nDo,A,Cora,\n",
        ":2: has 5 cells, and rows above have 4",
    ),
    "keys and values": ("Genus\tAbanella\nSpecies\talba\nAuthor\tCohn\n", ":2: has 'Species' where a name"),
    "two tables": ("Genus,Town\nAbanella,Bonn\nTown,Genus\nParis,Bora\n", ":3: has 'Town' where a name"),
    "two panels": ("Genus,n,Genus,n\nAbanella,1,Bora,2\n", ": has two columns 'genus'"),
    "tree": ("Alphia\n\tAbanella\n\tBora\nBetia\n\tCora\n", ": is indented like a tree"),
    "mail": ("From: a@b.de\nSubject: genera\nAbanella\nBora\nCora\nDora\nEra\n", ":1: is no name, though others are"),
    "code and paths": ("main()\ndata/a\nimport os\n", ": does not look like a list of names"),
    "third line of JSON": ('{"genus": "Abanella"}\n{"genus": "Bora"}\n{"genus"\n', ":3: is JSON that is cut off"),
}


@pytest.mark.parametrize("kind", READ)
def test_its_genera_come_out(kind: str, tmp_path: Path) -> None:
    """All of them and nothing else, in the order of the file."""
    text, genera = READ[kind]
    assert texts(place(tmp_path, text)) == genera


@pytest.mark.parametrize("kind", REFUSED)
def test_it_is_refused(kind: str, tmp_path: Path) -> None:
    """With the place and what was seen, where other words would have come out."""
    text, message = REFUSED[kind]
    assert message in refusal(place(tmp_path, text))


def test_a_column_of_lineages_is_found_among_their_marks(tmp_path: Path) -> None:
    """The delimiter is what gives all rows as many cells, not what is most frequent."""
    rows = "".join(f"{k},Bacteria;A;B;C;Dales;Eaceae;{genus}\n" for k, genus in enumerate(AB))
    for header, column in (("", "2"), ("id,lineage\n", "lineage")):
        assert texts(place(tmp_path, header + rows), column=column) == AB
