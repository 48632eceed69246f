//! The same cry in other languages, over lower-case text with and without its accents: Latin letters stand
//! here without them.

/// Scripts without gaps are matched anywhere, the others by words.
pub(super) const LANGUAGES: &[&str] = &[
    // Spanish, Portuguese, Italian, French, Romanian
    r"\b(?:quiero (?:morir\w*|matarme|desaparecer para siempre|acabar con todo)|me quiero morir|me quiero matar|(?:me voy a|voy a) matar(?:me)?|quitarme la vida|suicidar(?:me|se)|(?:ya )?no quiero (?:seguir )?(?:viv\w+|existir|estar vivo)|ganas de (?:morir|vivir ya no)|acabar con mi vida|terminar con mi vida|mejor (?:estar )?muert[oa]|cansad[oa] de vivir|harto de vivir|suicidio)\b",
    r"\b(?:quero (?:morrer|me matar)|me matar|vou me matar|(?:tirar|acabar com) (?:a )?minha vida|suicidar-me|me suicidar|suicidio|nao quero (?:mais )?viver|nao aguento mais viver|cansad[oa] de viver|queria (?:estar mort[oa]|morrer)|quero acabar com tudo)\b",
    r"\b(?:voglio (?:morire|farla finita|ammazzarmi|uccidermi|suicidarmi|sparire per sempre)|vorrei morire|non voglio (?:piu )?vivere|non ho piu voglia di vivere|uccidermi|ammazzarmi|suicidarmi|mi (?:ammazzo|uccido|suicido)|farla finita|togliermi la vita|stanc[oa] di vivere|meglio mort[oa]|suicidio)\b",
    r"\b(?:je (?:veux|voudrais) (?:mourir|crever|disparaitre pour toujours|me tuer)|(?:envie|preferer|prefere) (?:de )?mourir|plus (?:envie|gout) de vivre|(?:veux|peux) plus vivre|me suicider|me tuer|me pendre|me donner la mort|me foutre en l'air|en finir avec (?:la vie|ma vie|tout)|(?:veux|vais|envie d'|voudrais) ?en finir(?:[.!,;?]|$)|mettre fin a mes jours|fatiguee? de vivre)",
    r"\b(?:vreau sa (?:mor|ma omor|ma sinucid|ma arunc|nu mai exist)|(?:as vrea|imi vine) sa mor|nu (?:mai )?vreau sa (?:mai )?traiesc|ma sinucid|sa ma sinucid|sinucid\w*|imi (?:iau|pun capat) (?:viata|zilelor|vietii)|satul[a]? de viata)\b",
    // German, Dutch, Afrikaans, Swedish, Norwegian, Danish, Finnish
    r"\b(?:(?:ich )?will (?:(?:einfach|nur|noch|jetzt|endlich) )*(?:nicht mehr leben|sterben|tot sein|mich umbringen)|will ich (?:nicht mehr leben|sterben)|m(?:oe|o)chte (?:ich )?(?:sterben|tot sein|nicht mehr leben|nicht mehr da sein)|mich umbringen|umbringen werde|bringe? (?:ich )?mich (?:jetzt )?um|mich (?:toten|toeten|erhangen|erhaengen|vor den zug)|mir das leben nehmen|selbstmord|suizid\w*|lebensmude|lebensmuede|meinem leben ein ende|mein leben beenden|nicht mehr weiterleben|schluss machen mit (?:dem|meinem) leben|(?:ware|waere) (?:ich )?(?:lieber|am liebsten|besser) tot|kann nicht mehr leben)\b|\bich (?:will|kann) (?:einfach )?nicht mehr(?:[.!,;]|$)",
    r"\b(?:(?:ik )?wil (?:dood|sterven|niet meer leven)|wil (?:ik )?niet meer leven|zelfmoord\w*|niet meer leven|einde? (?:maken )?aan mijn leven|mezelf (?:van kant|ophangen|doden|iets aandoen)|van het leven beroven|nie (?:meer|langer) lewe|selfmoord|wil doodgaan|levensmoe)\b",
    r"\b(?:(?:jag )?vill (?:do|inte leva)\b|sjalvmord\w*|ta(?:r)? (?:mitt|livet) (?:liv|av mig)|orkar inte leva|selvmord\w*|vil d[oø](?:\b|$)|vil ikke leve\b|ta(?:ge)? (?:livet av meg|mit liv|mitt liv)|haluan kuolla|itsemurha\w*|tapan itseni|en halua elaa)",
    // Polish, Czech and Slovak, Hungarian, Croatian and Serbian, Turkish
    r"\b(?:chce (?:umrzec|sie zabic|ze soba skonczyc)|nie chce (?:mi sie )?(?:juz )?zyc|zabic sie|zabije sie|samoboj\w*|odebrac sobie zycie|skoncz\w+ ze soba|mam dosc zycia|chci (?:umrit|zemrit|se zabit)|nechci (?:uz )?zit|sebevra\w+|chcem (?:zomriet|umriet|sa zabit)|nechcem (?:uz )?zit|samovra\w+|meg akarok halni|ongyilkos\w*|nem akarok (?:tobbe )?elni|zelim (?:da )?umr\w+|hocu da umrem|ubit cu se|ubicu se|samoubo\w+|ne zelim (?:vise )?(?:da )?ziv\w+)\b",
    r"\b(?:olmek istiyorum|olmek isterdim|intihar\w*|yasamak istemiyorum|kend[iı]m[iı] (?:oldur\w*|asmak|asacagim)|can[iı]ma k[iı]y\w*|hayat[iı]ma son|yasamaktan b[iı]kt[iı]m|olsem de kurtulsam)\b",
    // Indonesian and Malay, Tagalog, Vietnamese
    r"\b(?:(?:ingin|mau|mahu|nak|pengen|pengin|pingin|mending|lebih baik|rasa nak|rasa macam nak) mati|bunuh diri|membunuh diri|(?:tak|tidak|gak|nggak|ga|enggak|dah tak|sudah tidak) (?:mau|mahu|nak|ingin|sanggup|pengen) hidup|(?:capek|penat|letih|lelah|bosan) hidup|(?:akhiri|mengakhiri|menamatkan|tamatkan|habisi) (?:hidup|nyawa|riwayat)|cabut nyawa)\b",
    r"\b(?:gusto ko (?:na )?(?:ng |nang )?(?:mamatay|magpakamatay)|gusto ko na(?:ng)? (?:mamatay|mawala)|magpakamatay|magpapakamatay|nagpapakamatay|(?:ayoko|ayaw ko) na(?:ng)? mabuhay|(?:papatayin|patayin) ko (?:na )?(?:ang )?(?:sarili|aking sarili)|wakasan (?:ko )?(?:na )?ang (?:aking )?buhay|pagod na (?:ako|akong) mabuhay|mamatay na (?:lang )?(?:sana )?ako)\b",
    r"\b(?:muon chet|chet quach|khong muon (?:song|ton tai)|khong thiet song|chan song|chang muon song|ket lieu (?:doi|cuoc doi|ban than)|tu tu|tu sat|nhay (?:cau|lau) (?:tu tu|chet))\b|tự vẫn|tự tử",
    // Hindi, Urdu, Punjabi, Bengali, Tamil, Telugu, Nepali in Latin letters; Swahili, Zulu
    r"\b(?:mar ?na chah?t[aie]|mar ?ja+na chah?t[aie]|mar jaa?na chah?t[ai]|(?:mujhe|mereko|muje|mujhko|hame|humein?) (?:\w+ ){0,2}?(?:marna|mar ja+na|mar jana) (?:hai|he|h|chahiye)|marne ka (?:man|mann|dil|mood)|mar ja(?:u|oo|un|oon)ng[ai]|mar hi ja(?:u|oo|un)|(?:apni|meri|khud ki) (?:jaan|jan|zindagi) (?:de|le|khatam|lena|dena|khatm)\w*|jaan de (?:du|doo?n|dung[ai]|doong[ai])|(?:khud|apne aap|apne ap) ?ko (?:maar|mar|khatam|khatm)\w*|zindagi (?:khatam|khatm|se (?:thak|tang))\w*|jeene? (?:ka|ki) (?:man|mann|dil|iccha|ichha) nah?i+n?|ji+na nah?i+n? (?:hai|chah?t[ai]|he)|jeena nah?i+n? (?:hai|chah?t[ai])|khud ?k(?:u|oo)shi|khudkhushi|aatm ?a?hatya|atm?a ?hatya|phansi (?:laga|le)\w*|zeher (?:kha|pi)\w*|zahar (?:kha|pi)\w*)\b",
    r"\b(?:mai?n? marna chah?und[ai]|marna chaund[ai]|mori jete (?:chai|ichche)|(?:ami )?(?:morte|more jete|mara jete) chai|ami morbo|attohotta|atmohotta|bachte chai na|(?:saaga?|saga) (?:ve+num|vendum|poren|virumb\w*)|sethu ?(?:poren|poiduven)|tharkolai|thatkolai|(?:chavali|chanipovali|chachipovali) ani\w*|chachipot\w+|athmahathya|aathmahathya|aatmahatye|marna chahanchu|ma marchu|bachna mann? chaina)\b",
    r"\b(?:nataka kufa|ninataka kufa|kujiua|nitajiua|sitaki kuishi|ngifuna ukufa|ukuzibulala|angisafuni ukuphila|ndifuna ukufa)\b",
    // Hindi, Marathi, Nepali, Bengali, Punjabi, Gujarati
    "मरना चाहत|मर जाना चाहत|मरना है|मर जाना है|मर जाऊ|मर जाउ|आत्महत्या|जीना नहीं|जीने का मन नहीं|जीने की इच्छा नहीं|अपनी जान|जान दे द|खुद को मार|खुद को खत्म|फांसी लगा|ज़हर खा|जहर खा|मरायचे आहे|मरायचंय|जगायचे नाही|जगायचं नाही|मर्न चाहन्छु|मर्न मन|মরতে চাই|মরে যেতে|আত্মহত্যা|বাঁচতে চাই না|নিজেকে শেষ|ਮਰਨਾ ਚਾਹ|ਖੁਦਕੁਸ਼ੀ|ਆਤਮਹੱਤਿਆ|ਜੀਣਾ ਨਹੀਂ|મરવું છે|મરી જવું|આત્મહત્યા|જીવવું નથી",
    // Tamil, Telugu, Kannada, Malayalam, Sinhala
    "தற்கொலை|சாக விரும்பு|சாக வேண்டும்|சாகணும்|செத்து (?:போ|விட)|வாழ விருப்பமில்லை|வாழ பிடிக்கவில்லை|உயிரை மாய்|ఆత్మహత్య|చావాలని|చచ్చిపో|చనిపోవాలని|బ్రతకాలని లేదు|ಆತ್ಮಹತ್ಯೆ|ಸಾಯಬೇಕು|ಸಾಯಲು|ആത്മഹത്യ|മരിക്കണം|ചാകണം|ജീവിക്കണ്ട|මැරෙන්න ඕන|සිය දිවි|දිවි නසා",
    // Urdu, Arabic, Persian
    "خودکشی|خودكشي|مرنا چاہت|مرنا ہے|مر جانا چاہت|جینا نہیں|جان دے د|أريد أن أموت|اريد ان اموت|اريد الموت|أريد الموت|أتمنى الموت|اتمنى الموت|أتمنى أن أموت|بدي أموت|بدي اموت|أبي أموت|ابي اموت|ابغى اموت|أبغى أموت|عايز أموت|عايز اموت|نفسي أموت|نفسي اموت|لا أريد العيش|لا اريد العيش|لا أريد أن أعيش|لا اريد ان اعيش|مابي أعيش|أقتل نفسي|اقتل نفسي|سأنهي حياتي|أنهي حياتي|انهي حياتي|تعبت من الحياة|انتحار|أنتحر|انتحر|میخواهم بمیرم|می خواهم بمیرم|میخوام بمیرم|خودم را بکشم|خودمو بکشم|نمیخواهم زنده",
    // Chinese, Japanese, Korean, Thai, Burmese, Khmer
    "想死|想去死|要去死|我要死|自杀|自殺|不想活|活不下去|活着没意思|活著沒意思|活够了|活夠了|结束(?:自己的|我的)?生命|結束(?:自己的|我的)?生命|了结自己|了結自己|轻生|輕生|寻死|尋死|割腕|跳楼|跳樓|烧炭|燒炭|死にたい|消えたい|死のう|死んでしまいたい|生きていたくない|生きるのに疲れ|生きる意味がない|首を吊|飛び降り|죽고 ?싶|죽을래|죽어버릴|자살|살기 싫|살고 싶지 ?않|목을 매|뛰어내릴|อยากตาย|ฆ่าตัวตาย|ไม่อยากมีชีวิต|ไม่อยากอยู่แล้ว|သေချင်|ကိုယ့်ကိုယ်ကိုသတ်|ចង់ស្លាប់|សម្លាប់ខ្លួន",
    // Russian, Ukrainian, Bulgarian, Greek, Hebrew
    "хочу умереть|хочу померти|хочу сдохнуть|покончить с (?:собой|жизнью)|покончу с собой|самоуби|самогуб|не хочу (?:больше )?жить|не хочу (?:більше )?жити|убить себя|убью себя|вбити себе|наложить на себя руки|устал[а]? жить|смысла жить нет|искам да умра|не искам да живея|θέλω να πεθάνω|θελω να πεθανω|δεν θέλω να ζ|δεν θελω να ζ|αυτοκτον|να σκοτωθώ|רוצה למות|להתאבד|התאבדות|לא רוצה לחיות|לשים קץ לחי",
];

#[cfg(test)]
mod tests {
    use super::super::cries;

    #[test]
    fn a_cry_is_heard_in_other_languages() {
        for text in [
            "mujhe marna hai",
            "mujhe ab mar jana hai",
            "main apni jaan de dunga",
            "jeene ka mann nahi karta",
            "मुझे मरना है",
            "saya mahu mati",
            "aku pengen mati",
            "dah tak nak hidup lagi, tak sanggup hidup",
            "vreau să mor",
            "vreau sa ma sinucid",
            "ich möchte nicht mehr leben",
            "ich bin lebensmüde",
            "Ich kann nicht mehr.",
            "ich will einfach nur sterben",
            "je n'ai plus envie de vivre",
            "je veux en finir.",
            "ya no quiero vivir",
            "voy a matarme",
            "voglio farla finita",
            "vou me matar",
            "nie chcę już żyć",
            "ik wil niet meer leven",
            "بدي اموت",
            "أريد الموت",
            "活不下去了",
            "tôi không muốn sống nữa",
            "tôi muốn tự tử",
            "ayoko nang mabuhay",
            "gusto ko magpakamatay",
            "yaşamak istemiyorum",
            "தற்கொலை செய்ய போகிறேன்",
            "chci umřít",
            "jag vill inte leva",
            "ami morte chai",
        ] {
            assert!(cries(text), "{text}");
        }
    }

    #[test]
    fn banking_in_other_languages_is_no_cry() {
        for text in [
            "mujhe form bharna hai",
            "mujhe emi bharna hai kal tak",
            "saya nak matikan kad",
            "saya mau aktifkan kartu",
            "vreau sa morfolesc",
            "vreau sa inchid contul",
            "ich möchte mein konto kündigen",
            "ich kann nicht mehr zahlen",
            "je veux en finir avec cet abonnement",
            "quiero vivir en madrid y abrir una cuenta",
            "no quiero seguir con la tarjeta",
            "ik wil niet meer betalen",
            "nie chcę już karty",
            "gusto ko na mag-apply ng loan",
            "kartımı kapatmak istiyorum",
            "tôi cần tư vấn vay",
            "quero matar a dívida",
        ] {
            assert!(!cries(text), "{text}");
        }
    }
}
