"""The lexicon of swear words: how each is written, where it is one, and what a mild speaker would say.

Korean swear words are pieces of clean words too (병역 신고 is none, nor 영향을 미친 것 or 시발점), so a rule says
where its word begins and ends, what it needs on its left and what forbids it near by. Slurs against
groups are left to the toxicity classifier.
"""

from dataclasses import dataclass

from clova_jax.corpus.profanity_spelling import (
    ANIMALS,
    BASTARD,
    BASTARD_SEEDS,
    CLAUSE_END,
    CLAUSE_START,
    DEVICES,
    END_JAMO,
    FUCK,
    FUCK_HERE,
    FUCK_SEEDS,
    HERE,
    LIKE,
    MOUTH,
    NO_JAMO,
    NOT_A_PERSON,
    PARTICLE,
    WORST,
    words,
)


@dataclass(frozen=True)
class Rule:
    """A swear word and its milder stand-in.

    Args:
        seeds: every match holds one of these, at its start or `before` characters into it.
        pattern: the word itself.
        mild: what takes its place: a noun, whose particles are then fitted; a word that stands alone; or
            new forms by how the match ends, of which the longest that fits is taken.
        kind: `noun`, `word` or `forms`.
        left: matches what stands just before, within 20 characters.
        not_left: does not.
        near: stands nowhere within 60 characters on either side.
        quarrel: whether signs of chat or quarrel must stand within 150 characters.
        period: whether it swears in old prose too, where 병신 is an invalid and 새끼 a young animal.
        before: how many characters of the match may stand before the seed.
    """

    seeds: tuple[str, ...]
    pattern: str
    mild: str | dict[str, str]
    kind: str = "noun"
    left: str = ""
    not_left: str = ""
    near: str = ""
    quarrel: bool = False
    period: bool = False
    before: int = 0


_AWFUL = {
    "같은": "형편없는",
    "같아": "형편없어",
    "같애": "형편없어",
    "같았": "형편없었",
    "같앗": "형편없었",
    "같": "형편없",
    "뒤진": "형편없는",
    "뒈진": "형편없는",
    "뒤진다": "형편없다",
    "뒈진다": "형편없다",
    "터진": "형편없는",
    "터졌": "형편없었",
    "없는": "형편없는",
    "뒤짐": "형편없음",
    "뒈짐": "형편없음",
}
_DIE = {
    "져": "죽어",
    "진다": "죽는다",
    "진": "죽은",
    "질": "죽을",
    "짐": "죽음",
    "졌": "죽었",
    "지고": "죽고",
    "지게": "죽게",
    "지는": "죽는",
    "지네": "죽네",
    "지자": "죽자",
    "지겠": "죽겠",
    "지": "죽으",
}
_DIE_FORMS = "(?:" + "|".join(sorted(_DIE, key=len, reverse=True)) + ")"
_HUSH = {"쳐": "조용히 해", "치": "조용히 하", "친": "조용히 한", "칠": "조용히 할"}
_GO = {"져라": "저리 가라", "져": "저리 가", "지": "저리 가"}
_BAD, _ODD = "나쁜 사람", "이상한 사람"

RULES = (
    # 씨발
    Rule(
        FUCK_SEEDS,
        rf"{FUCK_HERE}{FUCK}\s?(?:놈|년|련|럼|롬|{LIKE})(?!도\s|월)",
        _BAD,
        period=True,
    ),
    Rule(FUCK_SEEDS, rf"{FUCK_HERE}{FUCK}같(?:은|아|애|았|앗)?", _AWFUL, "forms"),
    Rule(
        FUCK_SEEDS,
        rf"{FUCK_HERE}{FUCK}(?:[것거](?:들)?)?(?:아(?![가-힣]))?",
        "이런",
        "word",
    ),
    Rule(("씨발",), r"(?<=[가-힣])(?<![저글날솜맵불홀섭화음말])씨발(?![가-힣])", "이런", "word"),
    Rule(
        ("시 발", "씨 발", "시~ 발", "씨~ 발"),
        r"(?<![가-힣\d])[시씨]~? 발(?=[ㅠㅋ!~]|\s*$)",
        "이런",
        "word",
        not_left=r"[\d가-힣]\s?$",
    ),
    Rule(
        ("시바", "씨바"),
        rf"{HERE}[시씨]바(?:[것거](?:들)?)?(?![가-힣])(?!\s(?:신|여신|이누|견|료|님))",
        "이런",
        "word",
        near=r"힌두|여신|여왕|이누|시바견|강아지|사원|비슈누|브라흐|산스크|인도|신화|왕국|일본",
    ),
    Rule(
        words("ㅅㅂ ㅆㅂ ㅅㅃ ㅆㅃ"),
        rf"{NO_JAMO}[ㅅㅆ][ㅂㅃ]\s?(?:놈|년|련|{LIKE})",
        _BAD,
    ),
    Rule(
        words("ㅅㅂ ㅆㅂ ㅅㅃ ㅆㅃ"),
        rf"{NO_JAMO}[ㅅㅆ][ㅂㅃ]{END_JAMO}",
        "이런",
        "word",
    ),
    # 새끼 of a person
    Rule(
        BASTARD_SEEDS,
        rf"(?:{HERE}|(?<=[이그저런]))(?<!\d){WORST}(?:[1\-\s]?{BASTARD}|{LIKE})",
        _BAD,
        near=ANIMALS,
        before=7,
    ),
    Rule(
        BASTARD_SEEDS,
        rf"{HERE}(?:(?:간나위?|미친)(?:새끼|색기|색끼)|개(?:새끼|색기|색끼)(?=[야아놈!]|들|같은|가튼))",
        _BAD,
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
        not_left=NOT_A_PERSON,
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
        rf"(?:{HERE}|(?<=[개좆좇씹이]))(?:(?:개|씹|좆|좇|상|핵)\s?)?(?:병신|븅신|븅쉰|병쉰|병싄|빙신|병[1!@.~]신)"
        r"(?!년(?!아|들|놈|같|[ㅋ!?])|[월일]주?\s?(?:\d|[丙(])|생\(|[\s(]*丙|처분|사화|호란|굿|춤|체)",
        "바보",
        before=3,
    ),
    Rule(
        ("병신",),
        r"(?<=[가-힣])(?<![질염해간사헌파문화약의])병신(?=[^가-힣]|$|들|같|겜|게임|임|이네|인(?:듯|지))",
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
    # 지랄, 염병
    Rule(
        ("지랄",),
        rf"(?:{HERE}|(?<=[개돈생쌩이발별갑꼴병웬씹저그]))(?:개|쌩|생)?지랄(?!병|탄|버|떄|때|\s수[\s밖밧])(?:하(?![가-힣]*나)|한다|해|했|할|함|들하)?",
        {
            "들하": "난리들 치",
            "한다": "난리 친다",
            "하": "난리 치",
            "해": "난리 쳐",
            "했": "난리 쳤",
            "할": "난리 칠",
            "함": "난리 침",
            "": "난리",
        },
        near=r"간질|환자|발작|최루",
        period=True,
        before=1,
    ),
    Rule(
        ("ㅈㄹ",),
        rf"(?:{NO_JAMO}|(?<=[ㅇㄱ]))ㅈㄹ{END_JAMO}(?:하(?=[네고지])|한다|해|함)?",
        {
            "한다": "난리 친다",
            "하": "난리 치",
            "해": "난리 쳐",
            "함": "난리 침",
            "": "난리",
        },
    ),
    Rule(
        words("염병 육시 육실 우라질"),
        rf"{HERE}(?:염병할|육시[랄럴]|육실할|우라질)(?![가-힣])",
        "고약한",
        "word",
    ),
    Rule(
        ("염병",),
        rf"{HERE}염병(?:하(?=[네고는])|(?=을?\s?(?:떨|떠|지랄|난리|시발|[!~ㅡㅋ])))",
        {"하": "난리 치", "": "난리"},
        near=r"전염|질병|환자|질부사|콜레라|방역",
    ),
    # 미친놈, 쌍년, 개놈, 이년
    Rule(
        ("미친", "ㅁㅊ", "미틴"),
        r"(?:미친|미틴|ㅁㅊ)(?:놈|년|넘|뇬)(?!(?:도|월|간|말)\s|\s?동안)",
        _ODD,
        period=True,
    ),
    Rule(
        ("미친",),
        rf"{HERE}미친\s(?:놈|년)(?!\s?(?:도|간|동안|말|초|월|중)(?![가-힣]*들))",
        _ODD,
        not_left=r"[을를에]\s?$",
        period=True,
    ),
    Rule(
        ("미친",),
        rf"{HERE}미친\s?것들(?=아|이|은|,|!|\.|[ㅋ~]|\s*$)",
        _ODD,
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
        _BAD,
        near=r"양반|상놈|계급|신분",
        period=True,
    ),
    Rule(
        ("개년", "개놈"),
        r"(?<![가-힣\d])개(?:년|놈)(?!\s?(?:계획|간|도|동안|차|치|째|이상|이내|의 계)|\s[가-힣]*계획)",
        _BAD,
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
    Rule(("18놈", "18년", "18련"), r"(?<!\d)(?:18)(?:놈|년아|련)", _BAD),
    # 존나
    Rule(
        words("존나 좆나 죤나 조낸 좃나 조온나 존1나 존내"),
        rf"(?:{HERE}|(?<=[존좆]나)|(?<![기의공생현보자온부병실상])(?=존나|조낸))(?:존나|좆나|죤나|조낸|좃나|조온나|존1나|존내)(?:게(?=\s|$))?(?![무선])",
        "정말",
        "word",
    ),
    Rule(("ㅈㄴ",), rf"{NO_JAMO}ㅈㄴ{END_JAMO}(?:게(?=\s|$))?", "정말", "word"),
    Rule(
        ("졸라",),
        rf"{HERE}졸라(?:게)?(?=\s?[가-힣])(?!\s?(?:매|맨|맸|대[고는서도니]|댔|대다|대자|대며|댄|서\s|도\s|야\s|달|라고|죽|살해|기절|보[았다]|댈|대면))"
        r"(?!(?:서|도|야|는|와|의|가|를|은|요|던)(?![가-힣]))(?!\s(?:사|산|샀|얻|받|갔|가서|결국|해서|구입))",
        "정말",
        "word",
        not_left=r"(?:[을를께]|에게|한테|더러|보고|목|허리|띠|에밀|엄마|아빠|부모님?|남편)\s?$",
        near=r"조르|졸랐|목을|허리띠|에밀|소설",
    ),
    Rule(
        ("열라",),
        rf"{HERE}열라(?=\s[가-힣]|[가-힣]{{2}})(?!면|는|고|며|지|니|던)",
        "정말",
        "word",
        not_left=r"(?:[을를문창귀]|지갑|門)\s?$",
    ),
    # 좆, ㅈ같, 엿
    Rule(
        words("좆같 좃같 좇같 엿같 ㅈ같 좆_같 좃_같 엿_같 ㅈ_같 좆1같 ㅈ1같"),
        rf"(?:{HERE}개?[좆좃좇엿]|(?<=[가-힣])[좆좃좇](?=같)|(?<!거){NO_JAMO}ㅈ|(?<=[개존나])엿)1?\s?같(?:은|아|애|았|앗)?",
        _AWFUL,
        "forms",
        before=1,
    ),
    Rule(
        words("좆 좃 좇 ㅈ도 ㅈ망 ㅈ까 ㅈ밥 ㅈ되 ㅈ됐 ㅈ됨"),
        rf"(?:{HERE}|(?<=[개존쥐지빨])|(?=[좆좃](?:망|병신|노잼)))(?:좆|[좃좇](?=망|도(?![가-힣])|까|만[한하]|밥|됐|노잼)|(?<![ㄱ-ㅊㅌㅍ])ㅈ(?=[도망까밥되됐됨]))"
        r"(?:까세요|까라|까|밥|도(?![가-힣])|됐|되|된|될|됨|대로|만한|만하|목)?(?!(?:아|았|는|으|고|던|지)(?:\s|$|[가-힣]\s))",
        {
            "까세요": "그만하세요",
            "까라": "그만해라",
            "까": "그만해",
            "밥": "약골",
            "도": "하나도",
            "됐": "큰일 났",
            "되": "큰일 나",
            "된": "큰일 난",
            "될": "큰일 날",
            "됨": "큰일 남",
            "대로": "마음대로",
            "만한": "조그만",
            "만하": "조그마하",
            "목": "친목",
            "": "",
        },
        "forms",
        not_left=r"[을를]\s?$",
    ),
    Rule(
        ("씹",),
        rf"(?:{HERE}|(?<=[개존]))씹(?:새(?=[들야가이]|[^가-힣]|$)|새기|세들|세끼|세들)",
        _BAD,
    ),
    Rule(
        ("씹",),
        rf"(?:{HERE}|(?<=[개와]))씹(?=쓰레기|덕|창|노잼|재앙|찐따|망|갓|존|[상하]타|극혐|선비|꿀|띵|혐|헬|사기|떡|뻘|똥|빠|잼|점|박살|흥분|썩|돼지|미개|명작|씹)",
        {"": ""},
        "forms",
    ),
    Rule(("씹",), rf"{HERE}개\s?씹(?=\s|ㅈ)", "정말", "word", before=2),
    Rule(("씹",), rf"{HERE}씹(?=\s(?:노잼|쓰레기|꿀|재|빠|운빨|망|갓|[가-힣]+겜))", "정말", "word"),
    Rule(
        words("엿먹 엿을 엿_먹 엿맥 엿_맥 엿멕 엿_멕"),
        rf"(?:{HERE}|(?<=개))엿(?=먹|을\s?(?:먹이|먹여|먹인|먹였|맥|멕)|\s(?:먹어라|먹으라|먹이|먹인|먹일|먹여|먹였|먹임)|\s?[맥멕][이인일여였임])",
        "골탕",
        "word",
    ),
    # 닥쳐, 꺼져, 뒈져
    Rule(
        words("닥치 닥쳐 닥친 닥칠"),
        rf"{HERE}(?:입|{MOUTH})(?:이나|을|를|은|는|나)?\s?(?:좀\s?|다\s?)?닥[쳐치친칠]",
        _HUSH,
        "forms",
        period=True,
        before=10,
    ),
    Rule(
        ("닥쳐", "닥치"),
        rf"{HERE}닥(?:쳐(?=라(?!도)|요?{CLAUSE_END}|\s(?:좀|제발|이|쫌))|치(?=세요|시[지오]|자{CLAUSE_END}|라{CLAUSE_END}|고\s?(?:있|꺼|버로우|살아)))",
        _HUSH,
        "forms",
        left=rf"(?:{CLAUSE_START}|(?:좀|그냥|제발|당장|아|야|고|들은|너는?|니는?|걍|진짜|그만|이나)\s?)$",
        near=r"위기|재난|시련|순간|눈앞",
    ),
    Rule(
        ("꺼져", "꺼지"),
        rf"{HERE}꺼(?:져라|져(?=(?:줘|버려라?)?{CLAUSE_END}|\s?(?:좀|쫌|제발|이\s|난쟁이|극혐))|지(?=세요|시[라지길]))",
        _GO,
        "forms",
        left=rf"(?:{CLAUSE_START}|[가-힣a-zA-Z][\s]*)$",
        not_left=r"(?:[이가]|불[은도]?|기본적으로|갑자기|저절로|스스로|중간에|바로|안|못)\s?$",
        near=DEVICES,
    ),
    Rule(
        ("꺼져",),
        r"꺼져(?![가-힣]|\s?(?:있|갔|버렸))",
        "저리 가",
        "word",
        left=r"(?:나라|북한|중국|일본|시골|고향|미국)으?로\s?$",
        near=DEVICES,
    ),
    Rule(("ㄲㅈ",), rf"{NO_JAMO}ㄲㅈ{END_JAMO}", "저리 가", "word"),
    Rule(("뒈",), rf"뒈{_DIE_FORMS}", _DIE, "forms", period=True),
    Rule(
        words("애미 애1미 에미 애매 어매 에매 느금마 느검마"),
        rf"(?:{HERE}|(?<=[개니느핑음겜발]))(?:애[1]?미|에[미매]|[애어]매|느[금검]마)\s?(?:애비\s?)?(?:가\s?)?(?:[뒤뒈](?:진다?|짐)|터진|터졌|없는(?=\s?(?:게임|겜|새|놈|년|ㅅ)))",
        _AWFUL,
        "forms",
        near=r"까투리|병아리",
    ),
    Rule(
        words("느금 느개 니애미 니미 니에미 엠창"),
        rf"{HERE}(?:느금마?|느개비|니[애에]미|니미(?:럴|\s?씨?[뽕펄럴]|(?=\s?(?:[!~ㅋ.]|$))|(?=\s씨))|엠창)(?![가-힣])",
        "이런",
        "word",
    ),
    Rule(("썅", "쌰앙"), r"썅(?![년놈]|\s[년놈])", "이런", "word"),
    Rule(
        ("애미", "에미"),
        r"[애에]미(?!\s?없)",
        "엄마",
        left=r"(?:^|[^가-힣])(?:니네|느그|니들|너네|니|개발자|운영자)\s?$",
    ),
    Rule(("애미", "에미"), r"[애에]미\s?창년", _BAD),
    Rule(
        ("뒤지게",),
        rf"{HERE}뒤지게(?=\s[가-힣])(?!\s(?:되|하|한|됐|된|만))",
        "정말",
        "word",
        not_left=r"(?:에|보다|에게|한테)\s?$",
    ),
    Rule(
        words("뒤질 뒤져 뒤졌 뒤지"),
        rf"(?:{HERE}|(?<=[개쳐]))뒤(?:질래|질라고|질뻔|져라(?![가-힣])|졌으면 ?(?:좋|한)|지고 싶|져버려|지게 (?:맞|패|얻))",
        {
            "질래": "죽을래",
            "질라고": "죽으려고",
            "질뻔": "죽을 뻔",
            "져라": "죽어라",
            "졌으면 좋": "죽었으면 좋",
            "졌으면좋": "죽었으면 좋",
            "졌으면 한": "죽었으면 한",
            "졌으면한": "죽었으면 한",
            "지고 싶": "죽고 싶",
            "져버려": "죽어 버려",
            "지게 맞": "죽게 맞",
            "지게 패": "죽게 패",
            "지게 얻": "죽게 얻",
        },
        "forms",
        not_left=r"(?:[을를]|보다|에게?|에서|샅샅이|리저리|크게|한참)\s?$",
    ),
    Rule(
        words("뒤지 뒤져 뒤진 뒤질 뒤졌 뒤짐"),
        rf"뒤{_DIE_FORMS}",
        _DIE,
        "forms",
        left=r"(?:(?:나가|콱|확|길가다|가서|양심|개념|정신이?|눈깔이?|졸려|웃겨|무서워|더워|추워|아파|배고파|힘들어|짜증나|지루해)\s?|진짜\s(?=진다[.!ㅋ\s]))$",
        near=r"서랍|인터넷|검색|사이트|주머니|가방",
    ),
    # 아가리, 주둥이 of a person
    Rule(
        ("주둥", "아가리", "주디"),
        rf"{HERE}(?:{MOUTH}|입주둥이)(?=(?:[를을만이로는나도]|부터)?\s?(?:좀\s?|많이\s?|참\s?|처\s?|그만\s?|함부로\s?|한대)?"
        r"(?:다물|다무|놀\s?[리려릴림]|놀려|잘\s?놀|털|파이터|째|찢|쳐|나불|싸물|싸지|나발|살[았아]|산게|산 게|깨시민|조심|꿰|봉|하고있|정부욕)|에\s?(?:개?거품|가시))",
        "입",
        near=ANIMALS + r"|봉투|봉지|원고|자루|우표|포대",
        period=True,
        before=1,
    ),
    Rule(
        ("주둥", "아가리"),
        rf"{HERE}{MOUTH}(?=[를을만이로는나도에]|\s|$)",
        "입",
        left=r"(?:더러운|터진|싸구려|못된|그놈의|네놈|니놈|쳐)\s?$",
        near=ANIMALS,
    ),
)
