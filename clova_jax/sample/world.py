"""Makes the people, places and things of the sample world, and the facts that documents repeat."""

from dataclasses import dataclass, field

from clova_jax.sample.facts import FACTS, FactType
from clova_jax.sample.hangul import conjugate, josa, romanize, romanize_name
from clova_jax.sample.pen import Pen, fill

KINDS = {
    "person": "인물",
    "city": "도시",
    "film": "영화",
    "company": "회사",
    "product": "제품",
    "shop": "식당",
    "event": "행사",
}
"""Kinds of entities and their Korean names."""

_TREES = ("느티나무", "소나무", "은행나무", "동백나무", "감나무", "벚나무", "대나무", "잣나무")
_COLORS = ("하늘색", "흰색", "검은색", "연두색", "분홍색", "은색", "남색", "노란색", "보라색")
_MAKERS = ("전자", "통신", "반도체", "에너지")
MODELS = ("X", "S", "A", "Z", "프로", "미니", "플러스")
"""What the name of a product ends in, before its number."""

_DAYS = ("월요일", "화요일", "수요일", "목요일", "일요일")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@dataclass
class Entity:
    """Holds a thing with facts: `facts` maps a fact's key to its value, `english` that value in English."""

    kind: str
    name: str
    english_name: str
    title: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    english: dict[str, str] = field(default_factory=dict)

    @property
    def types(self) -> tuple[FactType, ...]:
        """Returns the facts that such a thing can have."""
        return FACTS[self.kind]

    def put(self, key: str, value: str, english: str) -> None:
        """Records a fact."""
        self.facts[key] = value
        self.english[key] = english


def state(pen: Pen, entity: Entity, fact: FactType, register: str, subject: str = "") -> str:
    """States the fact as one sentence without its full stop; `subject` replaces the name if given.

    The register `link` ends in 고, for another clause to follow.
    """
    said = _clause(pen, fact, subject or entity.name, entity.facts[fact.key])
    if register == "link":
        return said.end("었고" if said.tense == "past" else "고")
    if said.tense == "past":
        return said.lead + pen.past(said.stem, register, said.irregular)
    return said.lead + pen.present(said.stem, said.part, register, said.irregular)


def whether(pen: Pen, entity: Entity, fact: FactType, value: str) -> str:
    """Asks a 해라체 question whether a value is the fact's."""
    said = _clause(pen, fact, entity.name, value)
    if said.tense == "past":
        return said.end("었는가?")
    return said.end("는가?" if said.part == "v" else "ㄴ가?")


@dataclass(frozen=True)
class _Clause:
    """Holds a statement up to its ending: what stands before the stem, and how the stem is conjugated."""

    lead: str
    stem: str
    irregular: str
    tense: str
    part: str

    def end(self, ending: str) -> str:
        return self.lead + conjugate(self.stem, ending, self.irregular)


def _clause(pen: Pen, fact: FactType, subject: str, value: str) -> _Clause:
    body, stem, irregular, tense = pen.one(fact.statements).split("|")
    values = {"e": subject, "v": value}
    if tense == "noun":  # the body already ends in the noun
        noun = fill(body.rsplit(stem, 1)[0] + stem, **values)
        return _Clause(noun[:-1], noun[-1], "이", tense, "n")
    body, stem = fill(body, **values), fill(stem, **values)
    part = "n" if irregular == "이" else "a" if stem.endswith("유명하") else "v"
    return _Clause(f"{body} ", stem, irregular, tense, part)


def ask(pen: Pen, entity: Entity, fact: FactType, subject: str = "") -> str:
    """Asks a 해라체 question whose answer is the fact's value."""
    return fill(pen.one(fact.questions), e=subject or entity.name)


def english(entity: Entity, fact: FactType) -> str:
    """Writes the fact as an English sentence."""
    text = fact.english.format(e=entity.english_name, v=entity.english[fact.key])
    return text[0].upper() + text[1:]


class World:
    """Makes all entities from a seed. `size` scales their number (1.0 for ten megabytes)."""

    def __init__(self, pen: Pen, size: float) -> None:
        self.pen, self.lexicon = pen, pen.lexicon
        self.entities: dict[str, list[Entity]] = {kind: [] for kind in KINDS}
        self._names: set[str] = set()

        def many(full: int, least: int) -> range:
            return range(max(least, round(full * size)))

        self._cities(len(many(40, 20)))
        people = [self._person() for _ in many(420, 60)]
        for city in self.entities["city"]:
            mayor = self._of(people, "정치인")
            city.put("mayor", mayor.name, mayor.english_name)
        for _ in many(110, 20):
            self._company()
        for _ in many(240, 30):
            self._film()
        for _ in many(220, 30):
            self._product()
        for _ in many(200, 30):
            self._shop()
        for _ in many(170, 20):
            self._event()
        for person in people:
            self._work(person)
        self.all = [entity for group in self.entities.values() for entity in group]
        self.by_name = {entity.name: entity for entity in self.all}

    def some(self, kind: str, pen: Pen) -> Entity:
        """Draws an entity of a kind with the caller's pen; the well-known ones more often."""
        return pen.common(self.entities[kind], 1.3)

    def _new(self, kind: str, name: str, english_name: str, title: str = "") -> Entity:
        entity = Entity(kind, name, english_name, title)
        self.entities[kind].append(entity)
        self._names.add(name)
        return entity

    def _unused(self, make) -> tuple[str, ...]:
        """Draws names until one is new; after many tries a number is added."""
        for _ in range(60):
            names = make()
            if names[0] not in self._names:
                return names
        number = self.pen.count(2, 99)
        while f"{names[0]} {number}" in self._names:
            number += 1
        return (f"{names[0]} {number}", f"{names[1]} {number}", *names[2:])

    def _of(self, people: list[Entity], title: str) -> Entity:
        chosen = [person for person in people if person.title == title]
        return self.pen.one(chosen or people)

    def _city_fact(self, entity: Entity, key: str) -> Entity:
        city = self.pen.one(self.entities["city"])
        entity.put(key, city.name, city.english_name)
        return city

    def _cities(self, number: int) -> None:
        pen, nouns = self.pen, self.lexicon.nouns
        names = nouns["city"][:number]
        for name in names:
            suffix = {"시": " City", "군": " County"}[name[-1]]
            city = self._new("city", name, romanize(name[:-1]) + suffix, "도시")
            people = pen.count(3, 140)
            city.put("population", f"{people}만 명", f"{people * 10_000:,} people")
            food, sight, tree = pen.word("cityfood"), pen.word("landmark"), pen.one(_TREES)
            city.put("food", food, romanize(food))
            city.put("landmark", sight, romanize(sight))
            city.put("flower", tree, romanize(tree))
            year = pen.count(1905, 1999)
            city.put("railway", f"{year}년", str(year))

    def _person(self) -> Entity:
        pen, lexicon = self.pen, self.lexicon

        def name() -> tuple[str, str]:
            family, given = pen.common(lexicon.nouns["surname"]), pen.word("given")
            return family + given, romanize_name(family + given)

        person = self._new("person", *self._unused(name), title=pen.common(lexicon.nouns["fame"]))
        self._city_fact(person, "birthplace")
        self._city_fact(person, "home")
        year = pen.count(1940, 2003)
        person.put("birthyear", f"{year}년", str(year))
        school, prize, hobby = pen.word("university"), pen.word("award"), pen.word("hobby")
        person.put("school", school, romanize(school.removesuffix("대학교")) + " University")
        person.put("award", prize, f"the {romanize(prize.replace(' ', ''))} Prize")
        person.put("hobby", hobby, romanize(hobby.replace(" ", "")))
        return person

    def _work(self, person: Entity) -> None:
        films = [
            film
            for film in self.entities["film"]
            if person.name in (film.facts["director"], film.facts["lead"])
        ]
        if films:
            film = self.pen.one(films)
            person.put("work", film.name, film.english_name)
        else:
            title, english_title = self._title()
            person.put("work", f"《{title}》", f'"{english_title}"')

    def _title(self) -> tuple[str, str]:
        pen, lexicon = self.pen, self.lexicon
        noun = pen.word("titlenoun")
        roll = pen.random.random()
        if roll < 0.45:
            head = pen.word("titleadj")
            korean = f"{head} {noun}"
        elif roll < 0.85:
            head = pen.word("nature")
            korean = f"{head}의 {noun}"
        else:
            head = pen.word("nature")
            korean = f"{josa(head, '과')} {noun}"
        first = lexicon.english.get((head, "nature")) or romanize(head.replace(" ", ""))
        return korean, f"{first} {lexicon.english[noun, 'titlenoun']}".title()

    def _film(self) -> None:
        pen = self.pen

        def name() -> tuple[str, str]:
            korean, english_title = self._title()
            return f"《{korean}》", f'"{english_title}"'

        film = self._new("film", *self._unused(name), title="영화")
        people = self.entities["person"]
        director, lead = self._of(people, "영화감독"), self._of(people, "배우")
        film.put("director", director.name, director.english_name)
        film.put("lead", lead.name, lead.english_name)
        genre = pen.word("genre")
        film.put("genre", genre, romanize(genre))
        year, audience, length = pen.count(1985, 2020), pen.count(3, 990), pen.count(80, 170)
        film.put("year", f"{year}년", str(year))
        film.put("audience", f"{audience}만 명", f"{audience * 10_000:,} people")
        film.put("length", f"{length}분", f"{length} minutes")
        self._city_fact(film, "setting")

    def _company(self) -> None:
        pen, lexicon = self.pen, self.lexicon

        def name() -> tuple[str, str, str]:
            head, field_ = pen.word("companyhead"), pen.word("industry")
            return head + field_, f"{romanize(head)} {romanize(field_)}", field_

        korean, english_name, industry = self._unused(name)
        company = self._new("company", korean, english_name, title="회사")
        founder = self._of(self.entities["person"], "기업가")
        chief = pen.one(self.entities["person"])
        company.put("founder", founder.name, founder.english_name)
        company.put("chief", chief.name, chief.english_name)
        year, staff = pen.count(1950, 2019), pen.count(3, 980) * 10
        company.put("year", f"{year}년", str(year))
        company.put("staff", f"{staff}명", f"{staff:,} people")
        company.put("industry", industry, lexicon.english[industry, "industry"])
        self._city_fact(company, "city")

    def _product(self) -> None:
        pen, lexicon = self.pen, self.lexicon

        def name() -> tuple[str, str]:
            brand, thing = pen.word("brand"), pen.word("product")
            model = pen.one(MODELS)
            number = pen.count(1, 9)
            korean = f"{brand} {thing} {model}{number}"
            return (
                korean,
                f"the {romanize(brand)} {lexicon.english[thing, 'product']} {romanize(model)}{number}",
            )

        product = self._new("product", *self._unused(name), title="제품")
        companies = self.entities["company"]
        fitting = [c for c in companies if c.facts["industry"] in _MAKERS]
        maker = pen.one(fitting or companies)
        product.put("maker", maker.name, maker.english_name)
        price, year, weight = pen.count(2, 290), pen.count(2010, 2020), pen.count(2, 99) * 100
        product.put("price", f"{price}만 원", f"{price * 10_000:,} won")
        product.put("year", f"{year}년", str(year))
        product.put("weight", f"{weight}그램", f"{weight} grams")
        years, color = pen.count(1, 10), pen.one(_COLORS)
        product.put("warranty", f"{years}년", f"{years} years")
        product.put("color", color, romanize(color))

    def _shop(self) -> None:
        pen, lexicon = self.pen, self.lexicon

        def name() -> tuple[str, str]:
            head, tail = (
                pen.word("restaurant"),
                pen.one(("식당", "분식", "밥상", "국밥집", "다방", "면옥", "주막")),
            )
            city = pen.one(lexicon.nouns["city"])[:-1]
            korean = f"{city} {head}{tail}"
            return korean, f"{romanize(city)} {romanize(head + tail)}"

        shop = self._new("shop", *self._unused(name), title="식당")
        self._city_fact(shop, "city")
        menu, owner = pen.word("food"), pen.one(self.entities["person"])
        shop.put("menu", menu, lexicon.english[menu, "food"])
        shop.put("owner", owner.name, owner.english_name)
        price, hour, day = pen.count(5, 38) * 500 + 2000, pen.count(6, 11), pen.one(_DAYS)
        shop.put("price", f"{price}원", f"{price:,} won")
        shop.put("open", f"오전 {hour}시", f"{hour} in the morning")
        weekday = dict(
            zip(_DAYS, ("Monday", "Tuesday", "Wednesday", "Thursday", "Sunday"), strict=True)
        )
        shop.put("closed", day, weekday[day])

    def _event(self) -> None:
        pen = self.pen

        def name() -> tuple[str, str, str]:
            city, festival = pen.one(self.entities["city"]), pen.word("festival")
            number = pen.count(1, 40)
            korean = f"제{number}회 {city.name[:-1]} {festival}"
            return (
                korean,
                f"{romanize(city.name[:-1])} {romanize(festival)} {number}",
                city.name,
            )

        korean, english_name, place = self._unused(name)
        event = self._new("event", korean, english_name, title="행사")
        city = next(city for city in self.entities["city"] if city.name == place)
        event.put("city", city.name, city.english_name)
        month, day = pen.count(1, 12), pen.count(1, 28)
        event.put("date", f"{month}월 {day}일", f"{_MONTHS[month - 1]} {day}")
        visitors, fee = pen.count(2, 900) * 100, pen.count(1, 40) * 500
        event.put("visitors", f"{visitors}명", f"{visitors:,} people")
        event.put("fee", f"{fee}원", f"{fee:,} won")
        guest, host = pen.one(self.entities["person"]), pen.one(self.entities["company"])
        event.put("guest", guest.name, guest.english_name)
        event.put("host", host.name, host.english_name)
