"""Names for a person that insult: 새끼, 병신, 미친놈, 쌍년, 기레기, and 애미 for a mother."""

from clova_jax.corpus.clean.profanity.rule import AWFUL, BAD, ODD, Rule
from clova_jax.corpus.clean.profanity.spelling import (
    ANIMALS,
    BASTARD,
    BASTARD_SEEDS,
    END_JAMO,
    HERE,
    LIKE,
    NO_JAMO,
    NOT_A_PERSON,
    PARTICLE,
    WORST,
    words,
)

_FOOL = (
    rf"(?:{HERE}|(?<=[개좆좇씹이]))(?:(?:개|씹|좆|좇|상|핵)\s?)?"
    r"(?:병신|븅신|븅쉰|병쉰|병싄|빙신|병[1!@.~]신)"
)
_BECOMES = r"(?:이\s?|으로\s?)?[되된될됐됨]"  # a fool, or an invalid
_MOTHER_ENDS = r"(?:(?=[가는도를의와한께랑야]|애비)|(?![가-힣]))(?!\s?없)"

INSULTS = (
    # 새끼 of a person
    Rule(
        BASTARD_SEEDS,
        rf"(?:{HERE}|(?<=[이그저런]))(?<!\d){WORST}(?:[1\-\s]?{BASTARD}|{LIKE})",
        BAD,
        near=ANIMALS,
        before=7,
    ),
    Rule(
        BASTARD_SEEDS,
        rf"{HERE}(?:(?:간나위?|미친)(?:새끼|색기|색끼)|개(?:새끼|색기|색끼)(?=[야아놈!]|들|같은|가튼))",
        BAD,
        not_left=r"[月월日일]\s?$",
        near=r"고양이|강아지|어미|낳",
        period=True,
        before=4,
    ),
    Rule(
        BASTARD_SEEDS,
        rf"(?:{BASTARD}|(?:{HERE}|(?<=[이그저]))(?:색기|색끼))(?=(?:야|들아)(?![가-힣]))",
        "사람",
        period=True,
    ),
    Rule(
        BASTARD_SEEDS,
        rf"{BASTARD}(?:{PARTICLE}|(?![가-힣]))",
        "사람",
        left=r"(?:^|[^가-힣])(?:이|그|저|요|이런|저런|그런|무슨|별)\s?$|[가-힣*xX]$",
        not_left=NOT_A_PERSON + r"|(?:^|[^가-힣])[말소새왼매벌양범곰]$",
        near=ANIMALS,
    ),
    Rule(
        BASTARD_SEEDS,
        BASTARD + PARTICLE,
        "사람",
        not_left=NOT_A_PERSON + r"|[를을도만고서며면게에가다로와과랑어린첫한,]\s$",
        near=ANIMALS,
        quarrel=True,
    ),
    Rule(
        BASTARD_SEEDS,
        BASTARD + r"(?![가-힣])",
        "사람",
        left=r"(?:[이그저요런한은는운른쁜긴된진던의빠까충놈들])\s$",
        not_left=NOT_A_PERSON + r"|(?:[^가-힣]|^)(?:한|온|첫|어린)\s?$",
        near=ANIMALS,
        quarrel=True,
    ),
    # 병신
    Rule(
        words("병신 븅신 븅쉰 빙신 병쉰 병싄 병1신 병!신 병@신 병.신 병~신"),
        rf"{_FOOL}(?!{_BECOMES}|년(?!아|들|놈|같|[ㅋ!?])|[월일]주?\s?(?:\d|[丙(])|생\(|[\s(]*[丙病]|처분|사화|호란|굿|춤|체|보\s)",
        "바보",
        before=3,
    ),
    Rule(
        words("병신 븅신 븅쉰 빙신 병쉰 병싄 병1신 병!신 병@신 병.신 병~신"),
        rf"{_FOOL}(?={_BECOMES})",
        "바보",
        near=r"전역|부상|다[쳐친치]|사고|수술|장애|불구|전쟁|전투|치료|병원|[후휴]유증|환자|마비",
        before=3,
    ),
    Rule(
        ("병신",),
        r"(?<=[가-힣])(?<![질염해간사헌파문화약의])병신(?=[^가-힣]|$|들|같|겜|게임|임|이네|인(?:듯|지))(?![\s(]*[丙病])",
        "바보",
    ),
    Rule(
        ("병신",),
        rf"{HERE}병신(?=아(?![가-힣])|들아|새끼|(?:가튼|같은)\s?(?:놈|년|것))",
        "바보",
        period=True,
    ),
    Rule(
        ("ㅂㅅ", "ㅄ"),
        rf"{NO_JAMO}(?:ㅂㅅ|ㅄ){END_JAMO}",
        "바보",
        not_left=r"[A-Za-z一-鿿]\s?$",
    ),
    Rule(
        ("등신",),
        r"(?<![가-힣\d])(?<!\d\s)등신(?!대|불|상|비|의 |용|가[가-힣]|호)",
        "바보",
        near=r"비율|등신대|크기|조각|피규어|입간판|몸매",
    ),
    # 미친놈, 쌍년, 개놈, 이년
    Rule(
        ("미친", "ㅁㅊ", "미틴"),
        r"(?:미친|미틴|ㅁㅊ)(?:놈|년|넘|뇬)(?!(?:도|월|간|말)\s|\s?동안)",
        ODD,
        period=True,
    ),
    Rule(
        ("미친",),
        rf"{HERE}미친\s(?:놈|년)(?!\s?(?:도|간|동안|말|초|월|중)(?![가-힣]*들))",
        ODD,
        not_left=r"[을를에]\s?$",
        period=True,
    ),
    Rule(
        ("미친",),
        rf"{HERE}미친\s?것들(?=아|이|은|,|!|\.|[ㅋ~]|\s*$)",
        ODD,
        not_left=r"[을를에]\s?$",
        period=True,
    ),
    Rule(
        (
            *(first + gap + last for first in "쌍썅쐉" for gap in ("", " ") for last in "년놈뇬늠"),
            *(
                "걸레년",
                "걸레 년",
                "화냥",
                "창년",
                "창 년",
                "호로",
                "후레",
                "개뇬",
                "씹놈",
                "씹년",
                "잡놈",
                "잡년",
            ),
        ),
        rf"{HERE}(?:(?:쌍|썅|쐉)\s?(?:년|놈|뇬|늠)|(?:걸레|화냥|썅|창)\s?년|호로\s?(?:자식|잡?놈)|후레자식|호로자슥|개뇬|씹[놈년]|잡[놈년])"
        r"(?!(?:월|간|말|도별)\s|동안)",
        BAD,
        near=r"양반|상놈|계급|신분",
        period=True,
    ),
    Rule(
        ("개년", "개놈"),
        r"(?<![가-힣\d])개(?:년|놈)(?!\s?(?:계획|간|도|동안|차|치|째|이상|이내|의 계)|\s[가-힣]*계획)",
        BAD,
        not_left=r"(?:[\d일이삼사오육칠팔구십백수몇여几幾一二三四五六七八九十個箇]|한|두|세|네|다섯|여섯|반)\s?$",
        period=True,
    ),
    Rule(
        words("이년 저년 그년 요년 저_년 요_년 네년"),
        rf"{HERE}(?:[이저그요네]년|[저요]\s년)(?=(?:아|들|놈|의 자식|이(?!상|하|지|넘)|은|을|에게|한테)(?![가-힣]))",
        {
            "이년": "이 사람",
            "저년": "저 사람",
            "그년": "그 사람",
            "네년": "당신",
            "저 년": "저 사람",
            "": "이 사람",
        },
        not_left=r"\d\s?$",
        near=r"기간|경과|지나|걸[리려]|개월|동안|급생",
        period=True,
    ),
    Rule(
        ("년놈", "연놈"),
        rf"(?:{HERE}|(?<=[두이그]))(?:년놈(?=들|이|은|을|의|[^가-힣]|$)|연놈(?=들|이|은))",
        "사람",
        period=True,
    ),
    Rule(
        ("년아", "년들"),
        r"(?:(?<![가-힣\d])|(?<=[은는구])|(?<=[가-힣])(?<![소청노중장학작금매만말유성갱광풍흉평윤십백천수몇일이삼사오육칠팔구여])(?=년들))년(?=들?아(?![가-힣])|들(?:이|은|을|한테)?(?![가-힣]))",
        "사람",
        not_left=r"[\d일이삼사오육칠팔구십백천수몇]\s?$",
        period=True,
    ),
    Rule(("기레기",), r"기레기", "기자"),
    Rule(("18놈", "18년", "18련"), r"(?<!\d)(?:18)(?:놈|년아|련)", BAD),
    # 애미
    Rule(
        words("애미 애1미 에미 애매 어매 에매 느금마 느검마"),
        rf"(?:{HERE}|(?<=[개니느핑음겜발]))(?:애[1]?미|에[미매]|[애어]매|느[금검]마)\s?(?:애비\s?)?(?:가\s?)?(?:[뒤뒈](?:진다?|짐)|터진|터졌|없는(?=\s?(?:게임|겜|새|놈|년|ㅅ)))",
        AWFUL,
        "forms",
        near=r"까투리|병아리",
    ),
    Rule(
        ("애미", "에미"),
        rf"(?:애미|(?<!니)에미){_MOTHER_ENDS}",
        "엄마",
        left=r"(?:^|[^가-힣])(?:니네|느그|니들|너네|니|개발자|운영자)\s?$",
    ),
    Rule(  # 니에미넨 and 니에미 are Finnish names
        ("에미",),
        rf"(?<=니)에미{_MOTHER_ENDS}",
        "엄마",
        left=r"(?:^|[^가-힣])니$",
        quarrel=True,
    ),
    Rule(("애미", "에미"), r"[애에]미\s?창년", BAD),
)
