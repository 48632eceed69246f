//! The words of postal addresses in Australia, Britain, the United States and India.

/// Street types that are hardly ever anything else.
pub(super) const STREET: &str = "\
street st str road rd avenue ave av lane ln crescent cres cr crt terrace tce terr highway hwy boulevard blvd bvd \
circuit cct parade pde esplanade esp parkway pkwy turnpike tpke trail trl alley aly cul-de-sac mews gardens gdns \
marg nagar chowk vihar salai veethi bazaar colony enclave sector layout expressway expy fwy freeway wharf quay \
causeway byway broadway gate heights hts ridge rdg grove gr villas arcade boulevarde crossing xing pike plaza plz \
path promenade prom bagh gali rasta nivas puram palli halli pur extension extn apartments towers";

/// Street types that are everyday words as well: they need a postcode, a town or a cue beside them.
pub(super) const STREET_WEAK: &str = "\
drive dr drv court ct close cl place pl way wy square sq row walk rise view park hill green loop mall bypass common \
cross circle cir garden vale mount mt point bend run pass chase meadow field fields end fold hollow island isle \
junction key landing link manor mill orchard oval retreat spur strand track phase block society main stage \
union valley village station bridge brae wynd croft";

/// What stands before a number inside a building.
pub(super) const UNIT: &str = "unit apt apartment flat suite ste level lvl shop lot plot house room villa door townhouse \
floor fl block building bldg h.no hno tower wing";

/// States, provinces and their short forms.
pub(super) const STATE: &str = "\
nsw vic qld wa sa tas act nt victoria queensland tasmania \
al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa \
ri sc sd tn tx ut vt va wv wi wy dc pr gu vi fm mh mp pw aa ae ap alabama alaska arizona arkansas california \
colorado connecticut delaware florida georgia hawaii idaho illinois indiana iowa kansas kentucky louisiana maine \
maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada ohio oklahoma oregon \
pennsylvania tennessee texas utah vermont virginia washington wisconsin wyoming \
maharashtra karnataka kerala gujarat rajasthan punjab haryana telangana bihar odisha assam goa uttarakhand \
jharkhand up mp ap tn wb";

/// Towns, for telling where an address ends when no postcode does.
pub(super) const CITY: &str = "\
sydney melbourne brisbane perth adelaide hobart darwin canberra geelong cairns townsville newcastle wollongong \
parramatta bondi footscray ballarat bendigo toowoomba fremantle launceston penrith london manchester birmingham \
leeds liverpool glasgow edinburgh bristol cardiff belfast sheffield reading nottingham leicester oxford cambridge \
brighton southampton york bath exeter norwich aberdeen dundee swansea coventry hull derby plymouth mumbai delhi \
bengaluru bangalore chennai kolkata hyderabad pune ahmedabad jaipur gurgaon noida lucknow kochi indore nagpur \
chicago houston phoenix philadelphia dallas austin seattle denver boston detroit memphis portland atlanta miami \
oakland minneapolis cleveland tampa orlando pittsburgh cincinnati springfield dublin cork galway auckland \
wellington christchurch hamilton dunedin";
