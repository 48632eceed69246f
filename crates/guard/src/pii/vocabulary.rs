//! Everyday English and banking words: what is certainly not a name, a street or a password.
//! Written for this crate; a word that is missing costs precision in a rare spot, nothing else.

/// Function words and connectives, which carry no content of their own.
pub(super) const FUNCTION: &str = "\
a an the this that these those my your his her its our their mine yours me you he she it we they them him us i \
im i'm i've i'd i'll it's its that's what's who's there's is are was were be been being am do does did done \
doing have has had having will would shall should can could may might must to of in on at by for from with \
without about into onto over under after before between through during against until till since as than then \
so but and or nor if because while when where why how what which who whom whose whether not no yes yeah yep \
nope ok okay please pls plz thanks thank thx also too very just only even still yet already again ever never \
always often here there now today tomorrow yesterday soon later up down out off back away some any every each \
all both either neither none one's another other others same such own more most less least much many few lot \
lots u ur r n & w pl plse hi hello hey dear regards cheers sincerely let let's lets going gonna wanna got get \
gets getting don't dont doesn't doesnt didn't didnt won't wont can't cant cannot isn't isnt wasn't wasnt aren't \
haven't hasn't hadn't couldn't wouldn't shouldn't like im ive id ill youre you're they're we're he's she's via \
per upon within across along around near instead except else however though although maybe perhaps well really \
actually currently recently both him himself herself myself yourself ourselves themselves something anything \
nothing someone anyone everyone somebody anybody nobody everything oh um uh er hmm lol btw idk tho cuz cos coz \
bcoz wat dat dis plz gonna gotta kinda sorta rn asap fyi aka eg ie etc vs";

/// Content words of everyday and of banking.
pub(super) const COMMON: &str = "\
able accept accepted access account accounts active activate activated activation actual add added adding address \
adds advice afraid age agent ago agree airport alert alerts allow allowed almost alone amount amounts angry \
announce annual answer answered app apparently appear appeared appears application applied apply appointment \
approve approved april area arrange arrive arrived arrives arriving article ask asked asking asks atm attempt \
attempted august australia australian authorise authorised authorize authorized auto automatic available average \
avoid aware baby bad balance balances bank banker banking banks based basic became become believe belong belongs \
beneficiary benefit benefits best better big bigger bill biller billing bills birth birthday bit black blame block \
blocked blocking blue bonus book borrow borrowed bought box branch branches break broke broken brother browser \
budget building business busy button buy buying call called caller calling calls came cancel canceled cancelled \
cancelling car card cardholder cards care case cases cash cashback cause caused cell center centre certificate \
change changed changes changing charge charged charges charging cheap check checked checking cheque cheques child \
children choose city claim claimed claiming clear cleared clearing click client close closed closing code codes \
college color come comes coming commission common company compare complain complaint complete completed computer \
concern concerned confirm confirmation confirmed confused connect contact contacted contacts contactless contract \
control convert copy correct corrected cost costs count country couple course court cover credit credited credits \
crypto currency current customer customers cut cycle daily damaged data date dated dates daughter day days dead \
deal debit debited debits debt december decide decline declined deduct deducted default delay delayed delete \
deleted delivered delivery denied department depends deposit deposited deposits destroy detail details device \
differ difference different difficult digit digital digits dinner direct directly disabled disappeared discount \
dispute disputed disputing doctor document documents dollar dollars door double download downloaded drop due \
duplicate early earn earned easier easy eaten eight eligible email emails emergency employee employer empty \
enable end ended ending english enough enter entered entering entry envelope equal error errors estate euro euros \
event exactly example exchange exchanged exist expect expected expecting expensive experience expire expired \
expires expiring explain explained express extra eye face facility fact fail failed failing fails false family far \
fast father fault february fee feel fees figure fill final finally finance find fine finish finished first five \
fix fixed flagged flat foreign forget forgets forgot forgotten form forms forward found four fraud fraudster \
fraudulent free freeze friday friend friends front frozen full fun function fund funding funds funny future game \
gas gave general gift girl give given gives giving glad gmail goal goes gold gone good google grand great green \
ground group guess guy had half hand handed hang happen happened happening happens happy hard has hate head hear \
heard help helped helping high higher history hit hold holder holding holiday home hope hospital hotel hour hours \
house husband hustle icon idea identification identify identity illegal imagine immediate immediately important \
impossible inactive include included income incorrect incorrectly increase increased india info information \
initial initially initiated insert install installed instant instantly instead insurance interest international \
internet invalid invest invested investment invoice involved iphone ireland issue issued issues itself january \
job join joint july june keep keeps kept key kid kids kind knew know known knows large last late laptop leave \
left legal lender lending letter letters level licence license life limit limits line link linked links list \
little live lives living loan loans local located location lock locked log logged logging login long longer look \
looked looking looks lose losing loss lost love low lower luck machine made mail main maintenance major make \
makes making man manage manager mandatory manually march mastercard match matter maximum mean meaning means \
medical meet member men mention merchant message messages met method middle mind minimum minute minutes missed \
missing mistake mistakenly mobile mode modify moment monday money month monthly months morning mortgage mother \
move moved moving multiple mum mom name named names nation national near nearly necessary need needed needing \
needs negative net network new news next nice night nine normal normally note noted notes notice noticed \
notification notifications november number numbers obtain obvious occurred october offer offered offers office \
official old once one online open opened opening operate option options order ordered ordering orders original \
overcharged overdraft overseas owe owed owner page paid paper parent parents part partner party pass passcode \
passed passport password passwords past pay payday payee payees paying payment payments payroll pays pending \
pension people percent percentage perform period permanent permission person personal phone phoned phones photo \
physical pick picture pin place places plan plans plastic play plus point points policy poor popular portal \
possible post postal posted pound pounds premium press pretty previous price prices print printed private \
probably problem problems proceed process processed processing product products profile program proof \
properly property protect provide provided provider pull purchase purchased purchases purpose purse put \
query question questions queue quick quickly quid quite random rang rate rates reach reached reactivate read \
ready real realised realized reason reasons receipt receive received receiving recent recipient recipients \
recognise recognised recognize recognized record records recover recurring red redeem redirect reduce reference \
referred refund refunded refunds refused regarding register registered registration regular reject rejected \
related release released remaining remember remind reminder remit remittance remove removed renew renewal rent \
repay repayment repayments repeat replace replaced replacement reply report reported request requested require \
required requirements reset resetting resolve resolved respond response rest restaurant restricted result \
retail retire retirement retrieve return returned returns reverse reversed review reward rewards right ring ring \
risk road room rule rules run running rupees safe safely safety said salary sale same saturday save saved saver \
saving savings saw say saying says scam scammed scammer scan schedule scheduled school screen search seat second \
seconds section secure security see seeing seem seems seen select selected sell selling send sender sending sends \
sense sent separate september series serious service services set setting settings settle settled setup seven \
several share shared shares shop shopping short show showing shown shows side sign signature signed silver similar \
simple simply single sister sit site situation six size slow small sms social solution solve somehow son sort sound \
source speak speaking special specific spelled spelling spend spending spent split spouse square staff stamp \
standard standing start started starting starts state statement statements states station status stay steal step \
steps stole stolen stop stopped store stores straight street strange student stuck stuff subject submit submitted \
subscription successful suddenly sum summary sunday super support supported supporting supposed sure surcharge \
suspect suspended suspicious swap switch system take taken takes taking talk tap tax team tell teller telling tells \
ten term terminal terms test text texted texts therefore thing things think thinking third thought three thursday \
ticket tied time times title together told tomorrow tonight took top total totally touch town track tracking trade \
transaction transactions transfer transfered transferred transferring transfers transit travel traveling \
travelling tried trip trouble true trust try trying tuesday turn turned twice two type types uk unable unauthorised \
unauthorized understand unexpected unfortunately unique united university unknown unless unlock unrecognised \
unrecognized unsure unusual update updated updates updating upgrade urgent use used useful user username users uses \
using usual usually valid validate value vehicle verification verified verify verifying version view virtual visa \
visible visit voice void wait waited waiting wallet want wanted wanting wants warning wasnt watch water way ways \
website wednesday week weekend weekly weeks weird welcome went west white whole wife will win window winning wire \
wish withdraw withdrawal withdrawals withdrawing withdrawn withdrew woman women won wonder wondering word words \
work worked working works world worried worry worse worst worth write writing written wrong wrote year yearly years \
young youth zero zone android ios galaxy pixel samsung apple monthly quarterly yearly euro dollar bucks cents \
classic complete freedom everyday platinum student teen kids junior senior premier basic plus visa \
asap sorry delay mate sir madam maam ma'am guys team folks anyone everybody nobody lookup balance cute calm \
terrible horrible awful rude useless ridiculous unhappy upset annoyed frustrated confused disappointed happy \
ill sick pregnant married divorced retired unemployed student nurse teacher driver lawyer accountant tenant \
landlord resident citizen immigrant refugee customer holder owner trustee executor guardian carer self employed \
aware keen ready able unable happy glad curious interested considering planning hoping trying looking thinking \
travelling locked logged stuck lost broke abroad overseas australia america europe germany france spain italy \
portugal greece turkey japan china india fiji bali thailand vietnam singapore malaysia indonesia canada mexico \
brazil england scotland wales ireland russian american british european chinese indian \
japanese korean french german italian spanish canadian mexican african asian english irish scottish swiss swedish \
turkish ruble rubles lira peso pesos franc sepa food meal dog cat news weather table dinner lunch london paris berlin madrid rome sydney melbourne brisbane perth adelaide \
hobart darwin canberra delhi mumbai chennai kolkata bengaluru bangalore hyderabad pune denver boston chicago \
seattle houston dallas austin miami atlanta phoenix manchester birmingham leeds liverpool glasgow edinburgh \
bristol cardiff belfast auckland wellington dubai york";

/// Shops, banks and brands that are named like people. They are no one's personal data.
pub(super) const BRANDS: &str = "\
san francisco|san diego|san jose|los angeles|las vegas|santa monica|santa fe|chase|coles|costa|aldi|lidl|boots|target|wells|weight watchers|harris scarfe|harris farm|duncan hines|\
jimmy choo|ted baker|paul smith|calvin klein|tommy hilfiger|ralph lauren|michael kors|marc jacobs|kate spade|\
charles schwab|wells fargo|jp morgan|j p morgan|morgan stanley|edward jones|raymond james|john lewis|\
harvey norman|david jones|dan murphy|dan murphys|dan murphy's|jb hifi|jack daniels|jim beam|johnnie walker|\
papa johns|papa john's|jimmy johns|jimmy john's|wendy's|wendys|mcdonald's|mcdonalds|victoria's secret|\
victorias secret|oscar wylie|peter alexander|christian dior|louis vuitton|hugo boss|giorgio armani|\
karen millen|laura ashley|jack wills|william hill|paddy power|lloyds|barclays|santander|john deere|\
trader joe's|trader joes|dick's|macy's|kohl's|levi's|sainsbury's|sainsburys|morrisons|wilson parking|\
charles tyrwhitt|fred perry|vera bradley|tory burch|stella mccartney|vivienne westwood|oscar mayer|\
uncle ben's|aunt jemima|betty crocker|mary kay|estee lauder|elizabeth arden|helena rubinstein|bobby brown|\
bobbi brown|jo malone|anthropologie|austin reed|moss bros|thomas cook|virgin|george foreman|sara lee|\
mr price|dr martens|doc martens|mrs fields|mr bean|dr pepper|mr porter|mr motor|ben and jerry's|\
marks and spencer|smith and wesson|baker street|harley davidson|aston martin|henry schein|ben sherman|\
tiffany|chanel|cartier|gillette|nationwide|scott pape|warren buffett|elon musk|donald trump|joe biden|\
oliver bonas|cath kidston|warren james|ernest jones|samuel h|hobbs|jack jones|mark wahlberg|tim hortons|\
charlotte tilbury|kylie jenner|chris evans|bendigo|westpac|suncorp|macquarie|anz|commonwealth|\
emma sleep|emma mattress|eva mattress|koala|bonnie doon|lorna jane|sheridan|katie perry|robert dyas|\
martin's|peter jones|james avery|kay jewelers|zales|jared|helzberg|carl's jr|arby's|denny's|chili's|\
applebee's|jersey mike's|jersey mikes|nando's|nandos|domino's|dominos|wagamama|costa|wilko|hamleys|selfridges|\
harrods|fenwick|debenhams|liberty|austin martin|uncle tobys|angus and robertson|dymocks|robert walters|\
michael hill|michael page|susan g komen|gordon brothers|charlie's|joe's|joes|luigi's|tony's|mario's";

/// Words of company names: what ends in one of them is no person.
pub(super) const COMPANY: &str = "\
energy kebabs kebab stores pty ltd limited inc llc plc corp corporation co company bank group cafe restaurant pizza \
insurance motors pharmacy chemist supermarket airlines airways hotel hotels gym fitness solutions services foods coffee \
grill market mart telecom electronics parking properties holdings partners associates realty rentals sushi bakery \
burgers bistro tavern pub fashion shoes jewellers jewelers cosmetics books toys furniture mattress finance financial \
capital investments logistics transport travel tours taxi garage plumbing electrical builders construction cleaning \
dental clinic hospital university college school church council foundation trust club society and & sons bros \
brothers outlet boutique salon spa studio media digital software systems technologies water gas electricity petrol \
petroleum mining steel aviation freight couriers wines liquor cellars brewery tyres tires autos auto hardware \
homewares garden nursery pets vet veterinary optical eyewear opticians prime video music games gaming casino lottery \
superannuation super mutual union credit savings building exchange ventures industries international enterprises \
kitchen deli diner steakhouse noodles curry chicken donuts bagels icecream gelato juice bar bars";
