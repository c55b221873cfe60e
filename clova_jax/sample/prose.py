"""Holds the sentence templates of the web documents; slots are noun classes or given values."""

FILLERS: dict[str, tuple[str, ...]] = {
    "person": (
        "{e:은} 어릴 때 {place}에서 {thing:을} 모으며 시간을 보냈다.",
        "{e:은} 한때 {job:이} 되려고 했으나 {study} 공부를 하면서 마음을 바꾸었다.",
        "{e}의 책상에는 늘 {thing:과} {drink:이} 놓여 있다.",
        "젊은 시절 {e:은} {food:을} 팔며 {study:을} 배웠다.",
        "{e:은} {animal:을} 기르며 {media:을} 즐겨 읽는다고 한다.",
        "{e:은} {rain:이} 오는 날이면 {place:을} 걸었다고 전해진다.",
        "{e}의 {person:은} {job:으로} 일하며 {thing:을} 만들었다.",
    ),
    "city": (
        "{e} 사람들은 {rain:이} 그치면 {place}에 모여 {food:을} 나누어 먹는다.",
        "{e}의 골목에는 {thing:을} 파는 가게와 오래된 {place:이} 이어진다.",
        "옛날 {e}에는 {animal:이} 많아 {nature:과} {animal}의 고장이라고 불렸다.",
        "{e}에서는 해마다 {thing:과} {food:을} 사고파는 장이 선다.",
        "{e}의 {job:은} 주로 {place} 가까이에 산다.",
        "{e}의 {nature:은} {media}에 자주 나온다.",
    ),
    "film": (
        "{e:은} {job:과} {fame:이} {place}에서 만나면서 벌어지는 이야기이다.",
        "{e:은} {thing:을} 잃어버린 {job}의 하루를 따라간다.",
        "{e}의 첫 장면에는 {thing:과} {nature:이} 나온다.",
        "{e:은} {rain} 때문에 {place} 촬영이 여러 번 미루어졌다.",
        "{e:은} 같은 이름의 {media:을} 바탕으로 하지만 {titlenoun} 부분은 새로 썼다.",
        "{e}에서 {animal:은} {titlenoun:을} 뜻한다.",
    ),
    "company": (
        "{e:은} 처음에 {thing:을} 만들던 작은 공장이었다.",
        "{e}의 직원들은 점심에 {food:을} 즐겨 먹는다.",
        "{e:은} {place} 옆에 {product} 연구소를 짓고 있다.",
        "{e:은} {job:을} 해마다 수십 명씩 뽑는다.",
        "{e:은} 한때 {product} 사업을 접고 {thing:을} 팔기도 했다.",
        "{e:은} {place}에 {thing:을} 기부하였다.",
    ),
    "product": (
        "{e:은} {job} 사이에서 입소문이 났다.",
        "{e:은} {thing}만큼 작아서 {place}에서도 쓰기 쉽다.",
        "{e}의 겉모습은 {nature:과} {animal:을} 본떴다.",
        "{e:을} 사면 {thing:을} 덤으로 준다.",
        "{e}의 광고에는 {animal:과} {job:이} 나온다.",
        "{e:은} {rain} 속에서 하는 시험을 거쳤다.",
    ),
    "shop": (
        "{e}의 벽에는 {thing:과} {nature} 사진이 걸려 있다.",
        "{e:은} {place} 맞은편 골목에 있어 {job:이} 자주 찾는다.",
        "{e}에서는 식사를 마치면 {drink:을} 내준다.",
        "{e}의 {food:은} {rain:이} 오는 날에 더 잘 팔린다.",
        "{e:은} 원래 {thing:을} 팔던 가게였다.",
        "{e} 앞에는 {animal} 한 마리가 늘 앉아 있다.",
    ),
    "event": (
        "{e} 첫날에는 {rain} 때문에 {place:으로} 자리를 옮겼다.",
        "{e}에서는 {food:과} {drink:을} 맛볼 수 있었다.",
        "{e}의 마지막 순서는 {job}들의 {skill} 무대였다.",
        "{e}에 온 사람들은 {thing:을} 선물로 받았다.",
        "{e} 포스터에는 {animal:과} {nature:이} 그려져 있다.",
        "{e:을} 위해 {job:과} 자원봉사자가 {place:을} 꾸몄다.",
    ),
}

OPENINGS = {
    "shop": (
        "{time} {person:과} 함께 {e}에 다녀왔어요.",
        "{rain:이} 그친 {city}에서 밥집을 찾다가 {e}에 들어갔습니다.",
        "{food:이} 먹고 싶어서 {time} {e:을} 찾아갔어요.",
        "{person:이} 추천해서 벼르던 {e}, {time} 드디어 가 봤습니다.",
    ),
    "film": (
        "{time} {person:과} {e:을} 봤어요.",
        "{place}에 갔다가 {time} 우연히 {e:을} 보게 되었습니다.",
        "{person:이} 예매해 줘서 {time} {e:을} 보고 왔어요.",
        "{media:을} 읽다가 {e} 이야기가 나와서 {time} 찾아봤습니다.",
    ),
    "product": (
        "{person:이} 쓰는 {e:이} 부러워서 {time} 저도 샀어요.",
        "{thing:을} 사러 갔다가 {time} {e:을} 데려왔습니다.",
        "{e:을} 쓴 지 {number}주가 되어 {time} 후기를 씁니다.",
        "{person} 생일 선물로 {time} {e:을} 골랐어요.",
    ),
    "city": (
        "{time} {person:과} {e:으로} 여행을 다녀왔어요.",
        "{rain:을} 맞으며 {time} {e}에 갔습니다.",
        "{time} 일이 있어 {e}에 갔다가 한참 동안 걸었어요.",
        "{media:을} 읽고 {e:이} 궁금해져서 {time} 길을 나섰습니다.",
    ),
    "event": (
        "{time} {person:과} {e:을} 구경했어요.",
        "{rain:이} 걱정되었지만 {time} {e}에 다녀왔습니다.",
        "{thing:을} 챙겨서 {time} {e}에 갔어요.",
    ),
}

TITLES = {
    "shop": ("다녀온 날", "방문 후기", "솔직한 기록", "또 간 이야기"),
    "film": ("감상", "보고 온 날", "솔직한 후기", "다시 본 이야기"),
    "product": ("사용기", "한 달 써 보니", "솔직한 후기", "구매 기록"),
    "city": ("여행", "다녀온 날", "하루 나들이", "걷기 기록"),
    "event": ("구경", "다녀온 날", "사진 기록", "후기"),
}

DEFINITIONS = {
    "person": (
        "{e:은} 한국의 {title:이다}.",
        "{e:은} {nature:과} {titlenoun:을} 자주 다루는 {title:이다}.",
    ),
    "city": (
        "{e:은} {nature:과} {place:이} 가까운 고장이다.",
        "{e:은} {animal:이} 많이 사는 {nature} 옆의 고장이다.",
    ),
    "film": (
        "{e:은} {job:과} {titlenoun} 이야기를 담은 한국 영화이다.",
        "{e:은} {nature:을} 배경으로 한 한국 영화이다.",
    ),
    "company": (
        "{e:은} {thing:과} {product:을} 다루던 가게에서 나온 회사이다.",
        "{e:은} {job:이} 많이 일하는 한국 회사이다.",
    ),
    "product": (
        "{e:은} {person:과} 함께 쓰기 좋은 가전제품이다.",
        "{e:은} {job}에게 인기 있는 물건이다.",
    ),
    "shop": (
        "{e:은} {place:과} {at_shop} 사이에 있는 식당이다.",
        "{e:은} {job:이} 즐겨 찾는 식당이다.",
    ),
    "event": (
        "{e:은} {nature:과} {audio:을} 즐기는 행사이다.",
        "{e:은} {job:과} 주민이 함께 꾸미는 행사이다.",
    ),
}
"""First sentences of encyclopedia articles."""

CLOSINGS = (
    "다음에는 {person:과} 함께 {place}에도 가 보려고 해요.",
    "돌아오는 길에 {food:을} 사서 {person}에게 주었습니다.",
    "집에 와서 {drink:을} 마시며 {media:을} 읽었어요.",
    "{rain:이} 오기 전에 {place:을} 지나 집에 왔습니다.",
    "다음 글에서는 {thing:과} {food} 이야기를 해 볼게요.",
    "사진은 {time} {place}에서 찍은 {nature} 사진이에요.",
    "읽어 주셔서 고맙고, 다음에는 {city} 이야기로 올게요.",
)

ADVICE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "{thing:을} 사려는데 {at_shop}에서 사는 게 나을까요, 인터넷이 나을까요?",
        (
            "저는 {at_shop}에서 {thing:을} 샀는데 {drink}까지 덤으로 받았어요.",
            "{thing:은} 직접 만져 보고 사는 편이 좋으니 {time} {at_shop}에 가 보세요.",
            "{person:은} 인터넷에서 {thing:을} 샀다가 {number}일이나 기다렸습니다.",
        ),
    ),
    (
        "{person}에게 {thing:을} 선물하면 좋아할까요?",
        (
            "제 생각에 {person:은} {thing}보다 {media:을} 더 좋아할 것 같아요.",
            "저는 {time} {thing:을} 선물받았는데 정말 기뻤습니다.",
            "{thing:과} {food:을} 같이 주면 {person:이} 좋아할 거예요.",
        ),
    ),
    (
        "{pet:을} 키우는데 {food:을} 먹여도 되나요?",
        (
            "{pet}에게 {food:은} 조금만 주는 것이 좋습니다.",
            "수의사에게 물어보니 {pet}에게는 {food:을} 먹이지 말라고 하더군요.",
            "저도 {pet:을} {number}년째 키우는데 {food:은} 먹인 적이 없어요.",
        ),
    ),
    (
        "{study:을} 혼자 배우려면 {media:과} 강의 중에 무엇이 좋을까요?",
        (
            "처음에는 {media:으로} {study:을} 맛보고 강의를 듣는 것이 좋습니다.",
            "저는 {at_study}에서 {number}달 동안 강의를 들으며 {study:을} 익혔어요.",
            "{study:은} {job}에게 직접 배우는 것이 가장 빨라요.",
        ),
    ),
    (
        "{food:을} 만들 때 {cityfood:과} 같이 내도 되나요?",
        (
            "{food:은} 담백해서 {cityfood:과} 잘 어울립니다.",
            "{person:은} {food:에} {drink:을} 곁들이라고 하더라고요.",
            "{cityfood:을} 낼 거라면 {food:은} 조금만 만드세요.",
        ),
    ),
    (
        "{job:이} 되려면 {study:을} 꼭 공부해야 하나요?",
        (
            "{job:은} 사람을 많이 만나니 {study}보다 경험이 중요합니다.",
            "제가 아는 {job:은} {study:을} {number}년 넘게 공부했어요.",
            "{study:을} 알면 {job}에게 큰 도움이 됩니다.",
        ),
    ),
    (
        "{rain:이} 오는 날 {place}에 갈 때 {thing:을} 챙겨야 할까요?",
        (
            "{rain} 때문에 미끄러우니 {place}에는 다음에 가세요.",
            "저는 {time} {thing} 없이 {place}에 갔다가 고생했어요.",
            "{place}에서 {thing:을} 빌려주니 안 챙겨도 됩니다.",
        ),
    ),
    (
        "{city}에서 {person:과} 갈 만한 {place:이} 있을까요?",
        (
            "{city}에서는 {landmark:이} 제일 볼 만합니다.",
            "{city}에 사는데 {place:은} 늘 붐비니 {time} 가 보세요.",
            "{person:과} 함께라면 {cityfood:을} 먹고 {place:을} 걸어 보세요.",
        ),
    ),
    (
        "{hobby:을} 시작하려는데 {thing:이} 필요한가요?",
        (
            "{hobby:은} 맨손으로도 할 수 있으니 {thing:은} 나중에 사세요.",
            "저는 {hobby:을} {number}년째 하는데 {thing:이} 가장 쓸모 있었어요.",
            "{thing:은} {person}에게 빌리고 {hobby}부터 해 보세요.",
        ),
    ),
    (
        "{product:을} 바꾸려고 하는데 {brand} 제품은 어떤가요?",
        (
            "{brand} {product:은} {number}년을 써도 고장이 없었습니다.",
            "{person:이} {brand} {product:을} 쓰는데 {productaspect:이} 괜찮대요.",
            "{brand:은} {productaspect:이} 약하니 다른 {product:을} 찾아보세요.",
        ),
    ),
)
"""Questions and answers to them; a question and its answers share what they speak of."""

CAFE_OPENINGS = (
    "{thing} 때문에 고민이 있어서 글을 남겨요.",
    "오늘 {place}에서 {person:과} 있었던 일이에요.",
    "{hobby:을} 같이 하실 분은 {time} {place}에서 만나요.",
    "{person:이} {food:을} 만들어 줬는데 자랑하고 싶어요.",
    "{city}에 사시는 분들께 {place:이} 어떤지 여쭤봅니다.",
    "{pet:을} 키우시는 분들은 {thing:을} 어떻게 쓰시나요?",
    "{study} 공부를 시작한 지 {number}일째 기록입니다.",
    "안 쓰는 {thing:을} 나눔합니다. {place} 앞에서 {person:이} 드려요.",
)

REPLIES = (
    "저도 {thing} 때문에 {person:과} 다툰 적이 있어요.",
    "{place:은} 가 보셨는지요, 저는 {time} {person:과} 갔어요.",
    "{food:은} {person:이} 해 준 게 제일이죠.",
    "{city}에 살 때가 생각나네요, {nature:과} {place:이} 참 좋았어요.",
    "글 잘 읽었어요, {hobby:은} {number}년쯤 하면 늘어요.",
    "{pet:이} {thing:을} 물고 있는 모습이 떠올라요.",
    "와, {study:을} 배우시다니 {job} 해도 되겠어요.",
    "{drink:을} 마시고 {food:을} 먹으면서 읽었어요.",
    "저라면 {thing:을} {person}에게 줄래요.",
    "{rain} 오는 날에는 {place} 쪽이 미끄럽더라고요.",
    "{media}에서 본 {food} 이야기랑 똑같네요.",
    "혹시 {job} 일을 하시나요, {thing} 이야기가 남 일 같지 않네요.",
)
