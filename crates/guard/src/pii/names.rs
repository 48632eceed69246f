//! Given names and family names of several cultures, for context only: a name alone proves nothing,
//! and names that are not here are found by what stands around them. Typed from general knowledge.

/// Given names. Those that are everyday words as well ("will", "mark", "rose") stand in
/// [`AMBIGUOUS`] and count only when written with a capital or in a naming context.
pub(super) const GIVEN: &str = "\
adrian howard alexandra alexandria alina alec alisha alyssa amit angelina angie ashleigh augustus aurora avery ayden \
bella bernadette bernice beth bianca bonnie brad bradford brett bridget brock bryce byron caleb cameron candice carla \
caroline cassandra cassie celia charlene chelsea cherie claire clara clarence claude clayton clifford clinton colby \
constance corey cody courtney curtis cynthia dakota damian damien damon daphne darlene darren darryl daryl deanna \
debbie denis derrick desmond destiny devon dexter diane dominic donovan dora duane dustin dwayne dwight eddie edgar \
edmund edwin eileen elaine eleanor elena elisabeth ella ellen ellie elliot elliott elsie emilia emmanuel erica erin \
esme esther eva evelina everett faye felicity fern fiona franklin frederick gareth garrett gavin geraldine gerard gina \
glenda glenn gordon greta gwen hannah harley harvey helena henrietta hilary hollie holly hope ian irene isabelle isla \
ivan jacqueline jade jaden jared jarrod jasmin jay jayne jeanette jed jenna jennie jeremiah jermaine joanne jocelyn \
joel johanna jolene jonah josephine josie joyce julian juliana juliet june karla kate katelyn katie kaylee kelsey \
kendra kerry kimberley kurt kyra lacey lana lance lara latoya laurel lawson leon leona leonard leroy leslie lester \
lewis lillian lily lloyd lola lorenzo lou louisa lowell lucille luther lydia lyle lynette mabel mackenzie maeve marc \
marcia marcus margot maria marian marina marion marissa marjorie marlon martha marvin matilda maurice maxwell melanie \
melinda melvin mercedes meredith micah mikayla mina miranda miriam misty mitchell morris myra myrtle nadine naomi neal \
nelson nellie nigel nora noreen otis owen paige patty paula pauline paxton pearl perry petra phil philippa phyllis \
pierce quentin quinn rachael rafael ralph ramona randall raquel raymond rebekah regina renee rhonda rita roberta roderick \
rolf roman ronan rosa rosalind rosanne rosemary rowan roxanne ruben rudy rupert ruth sabrina sally samson sasha saul \
scarlett serena seth shana shania shaun shauna shawn sheldon shelby sheryl sienna simeon skye solomon sonja stacey stacy \
stella stephan summer suzanne sydney tabitha tamsin taryn tasha tatum terence theodora theodore tiffany tobias todd toni \
travis trent tristan troy tucker tyrone ulysses ursula valentin vaughn vera vernon victor viola vivienne wallace warren \
wesley whitney wilbur wilfred winifred winston yasmine zack zane zelda zoey xander \
james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony donald \
steven paul andrew joshua kenneth kevin brian george edward ronald timothy jason jeffrey ryan jacob gary \
nicholas eric jonathan stephen larry justin scott brandon benjamin samuel gregory alexander patrick frank \
raymond jack dennis jerry tyler aaron jose henry adam douglas nathan peter zachary kyle walter harold jeremy \
ethan carl keith roger gerald terry sean austin arthur lawrence jesse dylan bryan joe jordan billy bruce albert \
willie gabriel logan alan juan wayne roy ralph randy eugene vincent russell louis philip phillip bobby johnny \
bradley simon oliver harry charlie leo oscar archie alfie theo freddie arlo liam noah lucas mason elijah aiden \
jayden jackson sebastian mateo owen luke isaac hunter connor evan angus callum lachlan hamish fraser ewan euan \
rory finlay graham gordon ian iain neil stuart stewart craig duncan malcolm alistair alasdair derek trevor nigel \
clive barry geoffrey geoff colin leslie norman stanley herbert cecil cyril ernest reginald hugh rupert giles \
toby jasper felix hugo miles nathaniel tobias barnaby gareth rhys dafydd owain emrys llewellyn declan padraig \
ciaran cormac eoin niall seamus brendan cian oisin fergal donal \
mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley \
kimberly emily donna michelle carol amanda melissa deborah stephanie dorothy rebecca sharon laura cynthia amy \
kathleen angela shirley brenda emma anna pamela nicole samantha katherine christine helen debra rachel carolyn \
janet maria catherine heather diane olivia julie joyce victoria ruth virginia lauren kelly christina joan evelyn \
judith andrea hannah cheryl megan jacqueline martha madison teresa gloria sara janice ann anne kathryn abigail \
sophia frances jean alice judy isabella julia denise amber marilyn beverly danielle theresa natalie diana brittany \
doris kayla alexis lori marie charlotte sophie chloe lucy zoe ella mia amelia isla freya poppy evie millie \
imogen harriet georgia phoebe tilly jasmine maisie eleanor beatrice florence matilda eliza bronte gemma tracey \
tracy nicola leanne joanne joanna gillian alison lorraine maureen eileen sheila moira fiona morag catriona \
mhairi ailsa eilidh bethan bethany sian carys cerys ffion rhiannon angharad megan nia niamh aoife saoirse \
siobhan sinead roisin orla grainne caoimhe kirsten kirsty kylie shane brodie darcy jock bruno hayley hayden \
jamie robin lindsay shannon tara tamara yvonne yvette wendy tanya tina trudy valerie vanessa vera veronica \
vivian zara phyllis peggy mavis muriel edna edith agnes gertrude mildred ethel elsie ida nora norma thelma \
mohammed muhammad mohamed mohammad ahmed ahmad ali omar umar hassan hasan hussein hussain ibrahim khalid yusuf \
yousef youssef mustafa mahmoud karim kareem tariq bilal hamza zain zayn faisal farhan imran irfan asif arif \
salman rashid rashed samir sami nabil walid jamal kamal adil amir ameer abdul abdullah abdulrahman saeed said \
fatima aisha ayesha khadija maryam mariam zainab zaynab amina aminah layla leila noor nour yasmin yasmeen \
samira salma huda rania dina hanan nadia farah sana sadia rabia shabnam parveen nasreen \
raj rahul rohan rohit amit anil sunil sanjay vijay ajay arjun aditya aarav vivaan vihaan ishaan krishna krish \
karthik kartik ganesh suresh ramesh mahesh dinesh rajesh mukesh naresh deepak vivek vikram vikas nikhil nitin \
sachin gaurav saurabh manish manoj pradeep sandeep kuldeep harpreet gurpreet manpreet jaspreet amandeep \
balwinder harjit surinder ravinder baljit ranjit sukhdev jagdish mohan gopal hari shiva siva venkat \
venkatesh srinivas prakash ashok arun varun tarun kiran naveen praveen pranav dhruv kabir reyansh ayaan ishan \
yash harsh parth tushar chirag jayesh hitesh bhavesh ketan kunal mayank siddharth tejas uday utkarsh \
priya pooja puja neha nisha anita sunita kavita savita rekha meena seema geeta gita sita radha lakshmi saraswati \
parvati durga anjali ananya aanya aaradhya diya divya deepa deepika shreya shruti swati sneha smita sonia sonali \
rashmi ritu rupa rani meera mira maya madhuri manisha mamta jyoti jaya indira indu ila heena harini gayatri \
esha ekta charu chitra bhavna asha aarti aditi akanksha amrita nandini namrata pallavi \
preeti priyanka radhika revathi sangeeta shanti shweta simran sushila tanvi trisha uma usha vandana vidya \
jose juan luis carlos jorge pedro miguel manuel alejandro fernando francisco javier rafael antonio sergio ricardo \
eduardo roberto alberto enrique diego pablo raul ramon alvaro ignacio gonzalo rodrigo santiago emilio joaquin \
benito esteban ernesto felipe guillermo gustavo hector hernan ivan jaime \
jesus julio leonardo lorenzo marcelo marcos mario martin mauricio nicolas octavio oscar rodolfo ruben salvador \
tomas vicente xavier xavi carmen ana isabel pilar dolores josefa rosa cristina lucia marta paula elena sofia \
valentina camila mariana gabriela daniela alejandra adriana beatriz blanca catalina claudia consuelo esperanza \
eva fernanda guadalupe ines irene jimena juana lourdes luisa luz magdalena mercedes monica natalia noelia \
nuria patricia raquel rocio silvia susana teresa veronica ximena yolanda \
joao tiago davi thiago caio vasco nuno rui paulo luiz bruna leticia larissa juliana luana rafaela bianca \
giovanni giuseppe marco matteo luca alessandro andrea francesco stefano paolo roberto riccardo davide simone \
edoardo tommaso filippo pietro vincenzo salvatore angelo carmelo domenico enzo fabio massimo chiara giulia \
francesca martina alessia elisa ilaria federica silvia sara paola giovanna lucrezia bianca ginevra ludovica \
jean pierre michel philippe alain bernard jacques francois laurent olivier nicolas stephane christophe julien \
thomas guillaume antoine maxime alexandre mathieu sylvie nathalie isabelle valerie sandrine celine aurelie \
camille manon lea chloe ines juliette margaux clemence brigitte chantal monique \
hans peter klaus jurgen wolfgang dieter manfred uwe helmut gerhard horst heinz stefan andreas matthias lukas \
jonas finn paul felix maximilian moritz tim jan niklas sven lars ute ursula monika petra sabine renate helga \
karin ingrid gisela christa katrin anja heike lena lea leonie marlene greta johanna svenja dagmar \
willem pieter jeroen maarten sander bram daan thijs lotte femke sanne anouk marieke annelies \
vince ruben dirk henk kees piet joost wouter \
lars erik anders nils magnus bjorn mats henrik johan karl gustav olof axel astrid ingrid sigrid solveig linnea \
elsa freja saga maja ebba hedda tuva nora aino eero juhani mikko antti pekka timo \
wei ming jun li na fang yan xiu ying jing lei tao feng hui hong ping qiang yong bin chen hao yu xin mei ling \
hua lan yun zhen xiao jia yi zhi kai siu wai kwok chun ka tsz hiroshi takashi kenji yuki haruto sota yuto \
haruka sakura yui aoi rin kaito akira satoshi naoki makoto yoko keiko michiko naomi emi tomoko minjun seojun \
jiwoo hyun sung young jin minho jihoon seo eun hye soo nguyen anh minh hoang tuan dung linh thao huong lan mai \
trang phuong thuy quang khanh bao duc long hieu siti nur budi agus dewi putri wahyu eko dwi tri sri \
ade hendra arjuna bayu citra dian fitri indah joko ketut made nyoman putu wayan rizki slamet suharto \
jose maricel jovelyn rodel arnel jun-jun marites analyn \
ivan dmitri sergei vladimir alexei nikolai mikhail andrei pavel igor oleg boris yuri olga natasha svetlana \
tatiana irina ekaterina anastasia ludmila galina oksana iryna yulia daria piotr pawel krzysztof tomasz marek \
andrzej jakub mateusz michal wojciech agnieszka katarzyna malgorzata joanna magdalena ewa zofia jan zuzanna \
jiri petr josef vaclav jana hana lenka tereza istvan laszlo zoltan gabor ferenc katalin ilona zsuzsanna \
ion mihai andrei vlad radu elena ioana dragan milan zoran goran jovana milica nikola stefan luka ivana ana \
dimitrios giorgos konstantinos nikos yannis maria eleni katerina sofia vasiliki mehmet mustafa emre burak murat \
ayse fatma zeynep elif merve ahmet deniz ozlem hakan serkan yusuf reza hossein mehdi farhad dariush shirin \
parisa nasrin maryam chukwu chinedu emeka ifeanyi obinna ngozi chioma amaka adaeze uche kelechi oluwaseun tunde \
segun femi ade bola yemi folake kwame kofi kwasi yaw akua ama abena esi efua kamau njoroge otieno wanjiku achieng \
akinyi juma baraka amani neema zawadi thabo sipho themba lerato nomsa zanele bongani tendai farai rudo chipo \
tamati wiremu hemi rangi aroha ngaire mere hone tane tui anahera mikaere sione tevita mele ana sefa \
leilani keanu kai moana malia sandhya jarrah kirra talulah yindi \
aadhya aaliyah abdi abebe abhishek adebayo adjoa aigerim aiman aishwarya aisling aiyana akosua albie \
aleksei alex almaz amelie anahit anand andres anirban anke annelie annelise anong ante antje anton apisai \
araminta arash arben ariel armen asa ash athanasios attila ava avi ayodele ayumi azman babak babatunde \
balaji balazs bambang banjo baptiste barbel bartosz bastien batbayar baz bea beata beatrix behrouz belen \
benoit bernd beryl besa bethlehem bhavana bikash billie bimal bindi birgit birgitta bishnu bjarne blake \
bobbie bogdan bohdan boon branimir brid brody bronwen bubba bukola bushra carmela carwyn cedric cem chaim \
chaiwat chaminda chebet chee cheyenne chiamaka chidi chiyo choo ciara cillian clement clementine clodagh \
clyde colm colton conceicao concetta conor cressida crispin cyrus daisuke damilola darcie darius darnell \
darragh dawa dawit daz debashish debjani dee deirdre delphine demetrius dervla deshawn desislava despina \
detlef devansh diarmuid didier dilnoza dilshan dimitris divina doina domenica dong doreen dorji dov dritan \
dusan eamon ebony ebru egon eimear eino eitan ellis elmer elodie eluned emiko emine enda enid eszter \
etienne evangelia ezra fabrice faridah farzaneh fergus finbarr finley fionn fionnuala florian florin flynn \
fong frankie frieda friederike friedrich funmilayo gael geert genevieve geok georgi gethin gilles giorgi \
girish gladys golnaz goncalo gregor grzegorz gudrun gulnara gulsen gunnar gunther guoliang gurmeet gus \
gwendolyn hadassah hafiz hakon hala halina hallie hannelore haoran harish harrison hatice hauwa hee helene \
hemalatha hendrik herve hidayah hina hinemoa hiwot hock hodan holger hoon horace humphrey huy idris ieuan \
ifeoma ifrah ildiko ilir ilse imelda inderjit indi ingeborg ingo ioane iolo iqra ishita iskandar ismail \
itzel izzati jadwiga jae jake jamil jaxon jayanthi jedda jejomar jelena jens jenson jerome jesper jez \
jianguo jignesh joachim joana jomar jorg jorja jude jukka kah kahu kalani kaloyan kalpana kamala kamarul \
kanchana kane kanya karma kathe kaveh kavya kaz kazuo keisha kemal keng keoni kiara kiong kipchoge kiri \
kobe kojo kok kostas ksenia kumari kwesi lachie lamar lani lata laure leong lieke liesel lin lindiwe lionel \
liridona litia liv llewelyn loic lorcan loretta losa lottie louie lowri luc ludger luigi lupe lutz \
luzviminda lyudmila maaike maelle mahsa maia mala malathi malee malik manaia mandla marama mareike marivic \
markus marquis mathilda mathilde matti meenakshi mehwish meihua meiling menachem mereana merle mihir mikkel \
mirjana montague moshe moumita mulugeta murdo murugan musa mwangi myfanwy mykola nabilah nadeesha nadirah \
nalani naoko narelle nasser nattapong navjot nenad nerys nevena ngoc nguyet nikau nilesh niloufar nima \
nimal nino nirmala nizhoni njeri nnamdi noam nomvula norbert noriko nurlan nurul oceane odile olafur olena \
ollie olumide omkar ondrej onur oonagh orhan orlaith ornella osama ottilie otto oyuna padma padraic paivi \
panagiotis pari parminder paromita partha pascal pemba penelope peng percival peyton piripi pita prabin \
prasanna prasert qing raelene rainer rajinder raluca ram rami raphael rasmus ratna reggie remi ren renata \
reuben reynaldo rhona riaan riley rivka riya rizal robyn romane ronnie rosalia rosario rosie rosnah ruairi \
rubina rudiger rukmini ruoxi ruud ruwan saanvi sabina sagal sai saima salote sanduni saskia satnam savannah \
sefina selam semisi senga senthil seren sevgi shaniqua sharmila shaurya shayne shaz shazia sheng shira \
shlomo shona shu siavash siegfried siew silke siriporn sjoerd skylar slobodan snezana solene somchai sonam \
soraya soren sourav spiros stavros steffen struan subhash subramaniam suda suhaimi sukhwinder sunethra swee \
syafiq sylvain tadhg tahlia takoda tallara tama tamar tamika tamuna tanner tapan taras tarek tarquin \
tatenda tavita tejinder temitope tenzin terrell tesfaye tetsuya thandiwe thanh tharushi thea thenmozhi \
thierry thorsten tien tigran timur ting titilayo tolga tomislav tommy tomos torquil torsten trayvon tsegaye \
tuula uchenna ulrich usman vahagn vasile vasundhara veronique viliami vinh virgil vitor volker waltraud \
wambui wanda wanjiru warsame wendell whetu wichai wiebke winona woo wyatt xiaoli xiaoming xinyi xue yaakov \
yael yaroslav yeon yetunde yiannis yifan yilmaz yohannes yuxin yves zbigniew zdenek zed zeenat zhiwei ziad \
zihan zubair zulkifli zurab";

/// Given names that are everyday words too.
pub(super) const AMBIGUOUS: &str = "\
will mark rose grace hope faith joy may june april august bill rob nick pat ray dean grant chase drew guy art \
gene max rich frank jack jean sue dawn ivy violet lily daisy heather amber ruby pearl jade crystal penny olive \
hazel holly iris sky summer autumn sonny buddy chance chip clay cliff dale dusty earl flint forest ford glen \
harry hunter jay kit lance lane lee miles nat norm olive page piper rain reed reid river rocky rusty stone storm \
ted tony tom tim sam ben dan don ron ken jim joe bob abe al ed eli gil hal ian ira kim leo les lou mac mel mick \
mike ned pam pete phil rod ross roy russ sid stan steve sandy terry val vic wade walt ward wes zac zack jon josh \
jeff jess jen jenny kate katie liz lizzie beth becky cathy chris dave debbie di fred gabe gail ginny greg hank \
jackie jan jill jo jodie judy kath kathy kay lara lynn lyn maddie maggie mandy marg marge matt meg mia mimi moll \
molly nell nina polly roz sally shelly sid sophie steph sylvia tess tricia trish vicky viv baker mason carter \
taylor parker cooper hayden jordan morgan charity christian constance destiny harmony honor justice liberty \
melody mercy patience prudence verity bath raj sky neo star sunny lucky prince king duke earl major dev \
brooklyn chuck eve mona sterling teddy una willow";

/// Family names.
pub(super) const FAMILY: &str = "\
smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson \
anderson thomas taylor moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis robinson \
walker young allen king wright scott torres nguyen hill flores green adams nelson baker hall rivera campbell \
mitchell carter roberts gomez phillips evans turner diaz parker cruz edwards collins reyes stewart morris morales \
murphy cook rogers gutierrez ortiz morgan cooper peterson bailey reed kelly howard ramos kim cox ward richardson \
watson brooks chavez wood james bennett gray mendoza ruiz hughes price alvarez castillo sanders patel myers long \
ross foster jimenez powell jenkins perry russell sullivan bell coleman butler henderson barnes gonzales fisher \
vasquez simmons romero jordan patterson alexander hamilton graham reynolds griffin wallace moreno west cole hayes \
bryant herrera gibson ellis tran medina aguilar stevens murray ford castro marshall owens harrison fernandez \
mcdonald woods washington kennedy wells vargas henry chen freeman webb tucker guzman burns crawford olson simpson \
porter hunter gordon mendez silva shaw snyder mason dixon munoz hunt hicks holmes palmer wagner black robertson \
boyd stone salazar fox warren mills meyer rice schmidt garza daniels ferguson nichols stephens soto weaver ryan \
gardner payne grant dunn kelley spencer hawkins arnold pierce hansen peters santos hart bradley knight elliott \
cunningham duncan armstrong hudson carroll lane riley andrews alvarado ray delgado berry perkins hoffman johnston \
matthews pena richards contreras willis carpenter lawrence sandoval guerrero george chapman rios estrada ortega \
watkins greene nunez wheeler valdez harper burke larson santiago maldonado morrison franklin carlson austin \
dominguez carr lawson jacobs obrien o'brien lynch singh vega bishop montgomery oliver jensen harvey williamson \
gilbert dean sims espinoza howell wong reid hanson le mccoy garrett burton fuller wang weber welch rojas lucas \
marquez fields park yang little banks padilla day walsh bowman schultz luna fowler mejia davies barker saunders \
barrett pearson lloyd bartlett blackburn burgess cochran fraser hepburn nash frost atkinson fletcher holt lowe \
stokes whitehead shepherd bates booth chambers dawson doyle farrell ferrari finch fitzgerald flynn gallagher \
goodwin hale hardy hargreaves hewitt higgins hobbs hodgson hooper hopkins horton houghton humphreys hutchinson \
ingram jarvis jennings kaur kaye kemp kirk lambert leach lees mackay mackenzie maclean macleod mcintyre mckenzie \
mckinnon middleton moss naylor newman newton nicholson norris norton osborne parkes parsons pickering potter pratt \
preston pritchard quinn rahman rees rhodes savage sharp sheppard slater stafford steele sutton swift sykes tait \
talbot tate thornton todd townsend tyler vaughan wade walton weston wilkins wilkinson winter woodward yates \
khan ahmed ali hussain hussein malik iqbal shah sheikh chaudhry chowdhury begum akhtar butt qureshi siddiqui aziz \
mirza hashmi ansari sharma verma gupta kumar singh patel desai mehta joshi shah jain agarwal agrawal bansal \
kapoor khanna malhotra chopra arora bhatia sethi anand rao reddy naidu iyer iyengar nair menon pillai krishnan \
subramanian raman rajan pandey mishra tiwari dubey trivedi chatterjee banerjee mukherjee bose das ghosh sen dutta \
roy sinha yadav thakur chauhan rathore rana gill sidhu dhillon sandhu grewal brar bhatt dave gandhi modi parekh \
kulkarni deshpande patil jadhav pawar shinde budi zhang liu zhao huang zhou wu xu sun zhu ma hu guo lin luo \
zheng liang xie tang deng feng chan cheung lau leung lam ho yip ng tan lim goh teo ong koh tanaka suzuki sato \
watanabe ito yamamoto nakamura kobayashi kato yoshida park choi jung kang yoon jang pham hoang phan vu dang bui \
do ngo duong ly santoso wijaya setiawan hidayat siregar simanjuntak silva santos oliveira souza \
rodrigues ferreira almeida costa gomes martins araujo melo barbosa ribeiro alves cardoso rocha dias teixeira \
fernandes carvalho freitas rossi russo esposito bianchi romano colombo ricci marino greco conti gallo deluca \
mancini giordano rizzo lombardi moretti barbieri fontana santoro mariani rinaldi caruso \
dubois bernard durand moreau laurent lefebvre leroy roux fournier girard bonnet dupont lambert fontaine rousseau \
muller mueller schneider fischer weber becker schulz koch bauer richter klein wolf schroeder neumann schwarz \
zimmermann braun kruger hofmann hartmann lange krause lehmann kohler keller jansen bakker visser smit \
dekker mulder bos vos peters hendriks janssen dijkstra andersson johansson karlsson nilsson eriksson larsson \
olsson persson svensson gustafsson hansen johansen olsen larsen nielsen pedersen jorgensen ivanov petrov smirnov \
kuznetsov popov volkov sokolov novak svoboda dvorak kowalski nowak wisniewski wojcik kaminski lewandowski \
zielinski horvath nagy kovacs szabo popescu ionescu papadopoulos yilmaz kaya demir celik okafor okonkwo adeyemi \
okoro eze mensah owusu boateng mwangi kamau ochieng ndlovu dlamini nkosi moyo tupou taufa fonoti williams-jones \
abdelrahman abdi abdul abdullah abe abercrombie abramowitz abubakar adebayo adhikari afolabi aggarwal \
agyeman ahluwalia ahmadi ahn aho ahuja ainsworth akesson akhmetov akinwande albrecht aldridge allsopp amato \
amin amoah amrani anagnostou anders andersen andre ang angelis ansah appiah archer arnaud arslan asante \
ashby ashworth aslam aslan atherton aubert auchterlonie azoulay babic baden bae baek bagshaw baig baird \
bajwa bakar balasubramaniam balfour balogh balogun bamford banda bandara bannerman barakzai barbier barone \
barraclough baruah bass battersby baumann bautista beauchamp beaumont beck bedi begay behera bekele \
belkacem bello ben benali benedetti berg berger bergmann bergstrom beridze berisha bernardi bertrand bevan \
bhaird bhandari bhatnagar bhattacharya bhatti bhosale bianco binte birtwistle bisht biswas blanc blanchard \
blenkinsop boer boey bogdanova bohm bondarenko booker boothroyd bora botha bottomley bouazizi boudreaux \
bourgeois boutros bowen boyer bracegirdle braithwaite brandt brearley brennan briain brinkmann broadbent \
broek broussard bruch brun brunet bruno bte buchanan bukhari bullock bulow busch butterworth byrne cadogan \
cadwallader cai camara cameron cao caputo carbone cardenas carew carmichael caron cartwright catapang \
cattaneo cavalcanti cavendish cerny cetin chaiyasit chakraborty chamberlain chandler charpentier chaturvedi \
chavan cheema cheng cheong cherif cheruiyot chevalier chia chidambaram chikwanha cho cholmondeley chonaill \
chong chowdary christensen christodoulou chua chukwu claes clair clancy clarke cleary clegg clement \
clutterbuck cockcroft coetzee cohen colin colquhoun conlon connolly considine constantinescu conte \
copperthwaite coppola corrigan costanzo coughlan crabtree crenshaw crewe critchley crossley crotty crowe \
cruickshank cui culbertson cullen culpepper curran d'angelo d'aubigny d'mello d'souza dabrowski dalrymple \
daly danjuma dar david dela delaney dempsey denis deshmukh devlin dhomhnaill diallo dietrich dijk dillon \
dimaculangan dimitrov dinh dinwiddie dissanayake dobson dogan doherty dong donnelly donovan doring drake \
drummond duckworth duffy dufour dumas dumitru dumont dunbar dunne dupuis duval dyer echeverria economou \
egan engel entwistle erasmus erdogdu escobar eubanks eynon fabbri fabre fabregues fagan fairclough faleolo \
fanshawe farah farahani farina farkas farooqui farouk farquhar farquharson farrelly farsi faulkner faure \
featherstone fedorov feinstein fernando ferrara ferraro fforde figueiredo finnegan fiore fitz fitzpatrick \
fitzsimons flanagan fogarty foley fong fontenot fonua foo forester fotheringham fourie francois franke \
friedrich fuchs fujita gaffney gaikwad gaillard gaines galbraith gall galli ganguly gao gardiner garg \
garnier gaskell gatti gauthier gautier gebremariam geddes gentile georgiev georgiou geraghty gerard gethin \
gheorghe gibbon gillespie gilmartin giolla giraud gittins giuliani gledhill glover goff gogoi gokhale \
goldberg golding goldsmith goncalves gonsalves goodfellow gorski gowda goyal grabowski graf grassi grasso \
greenhalgh griffiths grigoryan grimshaw grogan guerin guerra guidry guillot gunawardena gunes gunnarsdottir \
gunther gurung gwynne haas habib haddad haddock hahn haile hairston hakobyan haldane halloran hamalainen \
hamid hamidi han hanrahan haque harding hare hariri hartono harun hasegawa hashimoto hassan hatfield \
hayashi hazarika healy heath heathcote hebert heffernan hegarty hegde heide heinrich heng hennessy herath \
heron herrmann heuvel hickey higginbottom hinchliffe hinterleitner hoekstra hoff hoffmann hogan hogg \
hohenfels hohepa hollingsworth holroyd hong horgan horn hornby horowitz horvat hosseini houten hoxha huber \
hubert huddlestone hurst huynh hwang hyde ibanez ibarra ibrahim ikeda ilic illingworth innes inoue inskip \
ishikawa islam ismail iverson jaafar jafari jager jankowska janssens javed jayawardena jean jeanne \
jefferson jeong jessop jiang john joly jong jonsson jovanovic kabore kaiser kamath kanawa kanoa kapanadze \
kaplan karagiannis karaka karatas karim karimi kariuki karki karlsen kassim katz kavanagh kealoha keane \
kearney keating keegan kehoe keita kenny kerouedan kerr kershaw ketchum khandelwal khatib khatun khoo \
khoury khumalo kilbride kimura kinnaird kinsella kiplagat kirkbride kiss kleimann koc konig konstantinou \
korhonen kotter kovac kovacevic kovalenko kowalczyk kozlova kramer krasniqi kraus kravchuk krawczyk \
kristiansen kuhn kuipers kurian kurup kusuma kwek kwon l'hostis lacroix lafferty lake lama lamont landry \
lang lattimore latu lavelle leadbetter leahy lebedev leblanc leclerc leclercq lefevre legrand lemaire \
lemoine lenihan leone leong leota leroux leslie lilley lindemann linden lindqvist lindstrom lipschitz \
llewellyn lobo lockhart loh lombardo lomidze longbottom longo lorenz loughnane luca ludwig lum lumley luong \
lyle macapagal macaulay macdonald macdougall macfarlane macgillivray mackinnon macpherson maddox madigan \
madsen magalhaes magsaysay maguire mahanta maheshwari mahlangu mahuta mai maier makela makinen makris \
manalo mann mannion mansour marchand marchetti marco marini markovic marsh martinelli martinet martini \
martino mascarenhas masri masry masson mathieu mathur matsumoto mayer mayweather mazur mazza mbaye mbeki \
mcallister mcbride mccabe mccann mccarthy mcclure mccormack mccullough mcdermott mcelroy mcevoy mcfadden \
mcgee mcgill mcginty mcgowan mcgrath mcgregor mchugh mcinerney mcintosh mckay mckenna mckeown mclean mcleod \
mcloughlin mcmahon mcmanus mcmillan mcnally mcnamara mcneil mcnulty mcpherson mcqueen mcrae mcsweeney \
mctaggart mcveigh meehan meier meijer melnyk menzies mercer mercier meredith merwe messina meunier miah \
michalska michel micklethwaite mittal mizrahi mohamad mohammadi mohanty mokoena molefe moller molloy molnar \
moncrieff mondal monro montanari monti montoya moradi moran morel morelli mori morin morozov mulcahy \
mulligan mumford murthy mutasa mutua nam namboothiri naqvi nascimento nassar natarajan nayak ndiaye negi \
nel neo nettleship ngata nicolas niedermeier nieminen nigam nightingale nikolaidis nikolic nilsen njoroge \
noble noel noh nolan noorzai novikov novotna nugent nugroho nwachukwu nwosu o'callaghan o'connor o'dea \
o'donnell o'driscoll o'dwyer o'farrell o'flaherty o'gorman o'grady o'hara o'keeffe o'leary o'loughlin \
o'mahony o'malley o'meara o'neill o'reilly o'rourke o'shea o'sullivan o'toole oberhauser oberoi obi \
odhiambo ogawa ogilvie ogunleye okamoto olatunji oldroyd olivier olmstead onyekachi openshaw ormerod \
osbaldeston osei osman otaibi othman outhwaite ouyang overstreet oyelaran ozdemir ozturk pai paki palmieri \
palumbo pan pandya pangilinan pappas parata parisi parrish parry peacock peeters pellegrini pellegrino \
pelletier pemberton penalosa peng penhaligon pereira perera peretz perrin petit petrosyan petrovic \
pettigrew pfeiffer phadke phelan philippe phiri phua picard pickersgill pike pinto piotrowska plummer poh \
pohl pole polkinghorne pond pope popova postlethwaite postma poudel pradhan pratama prendergast pretorius \
priestley probert prochazka prosser pugh qahtani quaye quek quemeneur quintero rabinowitz rafferty raghavan \
ragland rahal rahimi rahmat rajapaksha rajput ramachandran ramsay ramsbottom ranasinghe rangi rankine \
rashid rasmussen rattanakosin rawat rawcliffe reeves reilly ren renard renaud rensburg rewi rezaei rhys \
richard rivers rizvi rizzi robert robichaux roche roger rolland rooney rosa rosenbaum rossetti roussel \
rowbotham ruttgers sabbagh saha sahin sahoo saito sala saleh salleh salmon salonga samad sanna sanson \
santis sargent sargsyan sarkar sasaki satterfield satterthwaite sauer savchenko sawyer saxena sayed scanlon \
schafer schmid schmitt scholz schreiber schroder schubert schulze schumacher schumann schuster seah seidel \
seo serra shaikh shala shanahan shapiro sheehan shehata shekhawat shen sherif sherpa shetty shevchenko \
shimizu shin shirazi shrestha shufflebottom shukla sidebottom sidorova sikder silvestri simatupang simoes \
simon sinclair singhal sithole situ sjoberg smithers snodgrass sodhi soh sommer sow sparrow spicer squire \
srinivasan srisai srivastava stanikzai stavropoulos stefano stegemann stein stepien stetten steward steyn \
stoica stojanovic struthers stubbs suilleabhain sulaiman summers sundaram susanto sutcliffe sutherland \
suwannarat swaminathan swanepoel sweeney szymanski tadesse takahashi talukdar tamang tamatea tamihana \
tanner tannous tattersall tawhiri tay tehrani tembo tempest testa tham thapa thatcher thibodeaux \
thistlethwaite thng thorn thorne threlfall tian tierney tillman tiptaft tkachenko todorova toh toomey torre \
toth trahearn traore tregenza trelawney trevelyan trinh tripathi truong tsosie tudor tuiasosopo tuilagi \
tully turnbull tursunov twisleton twomey uddin underwood urquhart urrutia uttley uzoma vainikolo valentini \
vandenberg vander vane varga varghese varner vasilakis vea veen veenstra velasquez ven venkataraman venter \
verhoeven vermeulen vickers vidal villa villanueva villegas villiers vincent virk virtanen vitale vogel \
vogt voigt vom vries wadsworth wainwright waititi walmsley walter wangchuk wanjala warraich warsame \
weatherall webster wei weinstein wemyss werner westerkamp whelan whitfield whittaker whitworth \
wickramasinghe widdowson willems winkler winterbottom woldemichael wolfe wolff wolstenholme wongsakul \
worthington wouters wozniak wren wrigglesworth wrobel wynne xiao yamada yao yap yarbrough yarwood yazzie \
yeo yong yoo yousafzai yusof zahrani zaidi zamora zeigler zeng zhong ziani ziegler zubizarreta zyl";
