"""The board's own papers: registers, forward plan, meetings, events, reviews, survey and the lists in its report."""

from __future__ import annotations

import datetime as dt
import random

from generator.files import File, table, to_csv, to_csv_with_mark, to_xlsx, typed
from generator.people import INVENTED, Organisation, spelt

D = dt.date


def board(organisations: dict[str, Organisation], rng: random.Random) -> list[File]:
    """What the board's business unit keeps and sends."""
    return [
        _papers(),
        _reviews(),
        _interviews(organisations, rng),
        _survey(organisations, rng),
        _section11(rng),
        _partners(),
        _lists(),
    ]


# --------------------------------------------------------------------------- registers, plan, meetings, events

MEMBERS = {
    "Chair": (("Interim Chair", "Southwark Council"),),
    "Southwark Council": tuple(
        (role, "Southwark Council")
        for role in (
            "Cabinet Member for Children, Schools and Adult Care", "Cabinet Member for Community Safety",
            "Strategic Director of Children's and Adults' Services", "Strategic Director of Housing and Modernisation",
            "Director of Children and Families", "Director of Communities", "Director of Education",
            "Director of Commissioning", "Director of Public Health",
        )
    ),
    "CCG/NHS": (
        ("Director of Quality and Chief Nurse", "NHS Southwark CCG"),
        ("Designated Nurse, Safeguarding Children", "NHS Southwark CCG"),
        ("Head of Safeguarding Children", "Guy's and St Thomas' NHS Foundation Trust"),
        ("Head of Nursing, Safeguarding Children", "King's College Hospital NHS Foundation Trust"),
        ("Named Nurse for Safeguarding Children", "South London and Maudsley NHS Foundation Trust"),
    ),
    "Police": (
        ("Borough Commander", "Metropolitan Police Service"), ("Superintendent", "Metropolitan Police Service"),
    ),
    "Other Organisations": (
        ("Borough Commander, London Fire Brigade", "London Fire Brigade"),
        ("Assistant Chief Probation Officer", "National Probation Service"),
        ("London Community Rehabilitation Company", "London Community Rehabilitation Company"),
        ("CEO, Community Southwark", "Community Southwark"),
        ("Primary and Secondary School Heads", "Southwark Council"),
        ("Children and Family Court Advisory and Support Services", "CAFCASS"), ("Lay Members", "SSCB"),
    ),
}  # fmt: skip
SUBGROUPS = (
    ("Practice Development and Learning", "Joint"), ("Child Death Overview Panel", "SSCB"),
    ("Audit and Learning", "SSCB"), ("Community Engagement", "Joint"), ("Serious Case Review", "SSCB"),
    ("CSE Strategic", "SSCB"), ("Human Resources", "Joint"), ("Education", "SSCB"),
)  # fmt: skip
PRIORITIES = ("Exploitation", "Knife crime and serious youth violence", "Vulnerable parents", "SEND", "Neglect")
PRIORITY_GROUPS = (
    "Safeguarding children with SEND", "Looked after children", "Private fostering",
    "Community, faith and voluntary sector involvement",
)  # fmt: skip
AUDITS = (
    ("Deep dive into neglect", D(2014, 11, 12)), ("Neglect Needs Assessment", D(2015, 6, 30)),
    ("Neglect multi-agency audit", D(2017, 2, 22)), ("Quality of strategy meetings", D(2017, 10, 18)),
    ("Knife crime", D(2018, 5, 23)), ("Multi Agency Risk Assessment Conferences", D(2018, 12, 5)),
)  # fmt: skip
SYV_PLAN = "Knife Crime and Serious Violence Plan 2018/20"


def _register_rows() -> list[tuple[object, ...]]:
    """Register, entry, date, owner, group, board, until, last refreshed, result."""
    year, blank = D(2018, 4, 1), (None, None, None)
    rows: list[tuple[object, ...]] = [
        ("Board member", role, year, owner, group, "SSCB", *blank)
        for group, members in MEMBERS.items()
        for role, owner in members
    ]
    rows += [("Subgroup", name, year, "SSCB", None, scope, *blank) for name, scope in SUBGROUPS]
    for group, date in (("Thematic 2018/19", year), ("Thematic 2019/20", D(2019, 4, 1))):
        rows += [("Priority", name, date, "SSCB", group, "SSCB", *blank) for name in PRIORITIES]
    rows += [("Priority", name, year, "SSCB", "Priority groups 2018/19", "SSCB", *blank) for name in PRIORITY_GROUPS]
    rows += [("Audit", name, date, "SSCB", None, "SSCB", *blank) for name, date in AUDITS]
    grant = "Extended learning review on violence and vulnerability"
    rows += [("Grant", grant, D(2019, 1, 21), "MOPAC", None, "Joint", *blank)]
    rows += [("Grant", grant, D(2019, 2, 4), "Home Office", None, "Joint", *blank)]
    rows += [("Plan", SYV_PLAN, D(2018, 6, 4), "CSP", None, "Joint", D(2020, 3, 31), D(2019, 3, 18), None)]
    rows += [("Contract", "Training offer", D(2019, 7, 1), "SSCB", None, "Joint", D(2022, 6, 30), None, None)]
    rows += [("Inspection", "Review of the Board", D(2017, 3, 6), "Ofsted", None, "SSCB", None, None, "Good")]
    return rows


MILESTONES = (
    ("MS01", "Independent chair steps down", None, D(2017, 7, 14), "Board minutes, July 2017", "SSCB"),
    ("MS02", "Safeguarding Executive Group set up", D(2018, 10, 31), D(2018, 10, 17), "Terms of reference", "SSCB"),
    ("MS03", "Southwark and Lambeth police merge", D(2018, 11, 30), D(2018, 11, 28), "Letter to partners", "MPS"),
    ("MS04", "Review of the board's subgroups", D(2019, 1, 31), D(2019, 1, 23), "Board minutes, January 2019", "SSCB"),
    ("MS05", "New arrangements published", D(2019, 6, 28), None, None, "SSCB"),
    ("MS06", "Review of how to implement Working Together", D(2018, 9, 28), D(2018, 7, 18), "Options paper", "SSCB"),
    ("MS07", "Review of the 2017/18 training offer", D(2018, 6, 29), D(2018, 6, 5), "PDL minutes, June 2018", "SSCB"),
    ("MS08", "Community engagement becomes a network", D(2019, 9, 30), None, None, "Community Southwark"),
    ("MS09", "Child death panel moves to public health", D(2018, 9, 28), D(2018, 9, 20), "CDOP minutes", "LBS"),
    ("MS10", "Bromley child death panel merges", D(2019, 12, 20), None, None, "LBS"),
    ("MS11", "Needs assessment on child deaths", D(2018, 12, 21), D(2018, 12, 12), "Published on the website", "LBS"),
    ("MS12", "Terms of reference of the SCR subgroup updated", D(2019, 10, 31), None, None, "SSCB"),
    ("MS13", "Audit and Learning repositioned", D(2019, 1, 31), D(2019, 1, 23), "Board minutes, January 2019", "SSCB"),
    ("MS14", "Human Resources subgroup disbanded", D(2019, 4, 30), None, None, "SSCB"),
    ("MS15", "LADO reports to Quality and Effectiveness", D(2019, 7, 31), None, None, "LBS"),
    ("MS16", "Education subgroup becomes a forum", D(2019, 9, 30), None, None, "LBS"),
    ("MS17", "Extended Learning Review recommended", D(2018, 10, 31), D(2018, 9, 18), "CSE Executive minutes", "SSCB"),
    ("MS18", "Senior leadership board set up", D(2019, 7, 31), None, None, "CSP"),
    ("MS19", "Faith task and finish group set up", D(2019, 3, 29), D(2019, 3, 12), "Notes of first meeting", "CSP"),
    ("MS20", "Transitional all-age disability service", D(2019, 1, 7), D(2019, 1, 7), "Cabinet report", "LBS"),
    ("MS21", "Staff consultation on all-age disability", D(2019, 3, 15), D(2019, 3, 8), "Outcome paper", "LBS"),
    ("MS22", "Needs assessment on serious youth violence", D(2019, 6, 21), None, None, "LBS"),
    ("MS23", "Community Harm and Exploitation Hub endorsed", D(2019, 3, 29), D(2019, 3, 13), "Board minutes", "SSCB"),
    ("MS24", "Disabilities hub", D(2020, 9, 30), None, None, "LBS"),
    ("MS25", "Extended session on neglect", D(2019, 7, 11), None, None, "SSCB"),
    ("MS26", "CAMHS safeguarding conference", D(2019, 10, 16), None, None, "SLaM"),
    ("MS27", "Private fostering campaign", D(2018, 7, 31), D(2018, 7, 9), "Leaflet", "LBS"),
)  # fmt: skip

MEETINGS = (
    ("Board", D(2018, 5, 16), "No", "Priorities for the year; training offer"),
    ("Education", D(2018, 6, 12), "No", "Transitions; online safety"),
    ("Human Resources", D(2018, 6, 14), "Yes", "LADO update; safer recruitment"),
    ("PDL", D(2018, 6, 5), "No", "Review of the 2017/18 offer"),
    ("Board", D(2018, 9, 12), "No", "Working Together; knife crime"),
    ("CSE Strategic", D(2018, 9, 18), "No", "Themes from MASE; proposal for an extended learning review"),
    ("CDOP", D(2018, 9, 20), "No", "Move to public health"),
    ("Human Resources", D(2018, 9, 27), "Yes", "LADO update"),
    ("Serious Case Review", D(2018, 10, 9), "No", "Action plans"),
    ("Education", D(2018, 11, 6), "No", "Exclusions; elective home education"),
    ("Audit and Learning", D(2018, 11, 21), "No", "Domestic abuse conferences"),
    ("Board", D(2018, 12, 12), "No", "Case reviews; new arrangements"),
    ("Human Resources", D(2018, 12, 13), "Yes", "LADO update; agency staff"),
    ("Board", D(2019, 1, 23), "No", "Review of subgroups"),
    ("Education", D(2019, 2, 5), "No", "Safeguarding forum for schools"),
    ("Safeguarding Executive Group", D(2019, 2, 20), "No", "Funding of the new arrangements"),
    ("Human Resources", D(2019, 3, 7), "Yes", "LADO update; end of the subgroup"),
    ("Board", D(2019, 3, 13), "No", "Outcomes of the neglect workshop; harm and exploitation hub"),
)

EVENTS = (
    ("EV01", D(2018, 6, 20), "Speaking out", "Engagement session", "Domestic abuse", "CSWK", 34, "Exact"),
    ("EV02", D(2018, 7, 10), "Fostering in plain view", "Other", "Private fostering", "Southwark Council", 22, "Exact"),
    ("EV03", D(2018, 10, 24), "Youth Voice", "Youth Voice event", "Safety", "Southwark Council", 92, "Estimate"),
    ("EV04", D(2018, 11, 14), "Hidden in sight", "Engagement session", "Modern Slavery", "CSWK", 41, "Exact"),
    ("EV05", D(2018, 12, 5), "Learning together", "Conference", "Learning from case reviews", "SSCB", 118, "Exact"),
    ("EV06", D(2019, 2, 13), "Faith and safety", "Workshop", "Faith groups and youth violence", "CSP", 37, "Exact"),
    ("EV07", D(2019, 2, 21), "Keeping Families Strong", "Family event", "Parenting", "Southwark Council", 67, "Exact"),
    ("EV08", D(2019, 2, 27), "Through a health lens", "Workshop", "Child and adolescent neglect", "CCG", 48, "Exact"),
    ("EV09", D(2019, 3, 26), "You said, We did", "Youth Voice event", "Answers", "Southwark Council", 73, "Estimate"),
)  # fmt: skip
SCHOOLS = "; ".join(str(number) for number in (100811, 100834, 131748, 134222, 136281, 137134, 138266, 139581, 141009))
LENGTHS = {"EV05": "1", "EV06": "0.5", "EV08": "0.5", "EV03": "1"}


def _papers() -> File:
    """One workbook with four registers, a sheet each."""
    registers = table(
        "Registers",
        ("Register", "Entry", "Start date", "Owner", "Group", "Board", "Until", "Last refreshed", "Result"),
        _register_rows(),
        "Southwark Safeguarding Children Board: registers at 31 March 2019",
    )
    heading = ("Ref", "Milestone", "Due", "Done", "Evidence", "Lead")
    plan = table("Forward plan", heading, MILESTONES, "Forward plan. Done is left blank until it is.")
    rows = [(group, date, "Yes", lado, items) for group, date, lado, items in MEETINGS]
    heading = ("Group", "Date of meeting", "Quorate", "LADO report", "Agenda items")
    meetings = table("Meetings", heading, sorted(rows, key=lambda row: row[1]))
    events = table(
        "Events",
        ("Event ref", "Date held", "Title", "Type of event", "Topic", "Hosted by", "Number attending",
         "Count or estimate", "Schools (URN)", "Length (days)"),
        [(*event, SCHOOLS if event[0] == "EV03" else None, LENGTHS.get(event[0])) for event in EVENTS],
        "Log of events 2018/19",
    )  # fmt: skip
    return File("SSCB/SSCB registers 2018-19.xlsx", [registers, plan, meetings, events], to_xlsx)


# --------------------------------------------------------------------------- case reviews

REVIEWS = (
    ("SCR-Y", "SCR", "Published", D(2017, 2, 14), D(2017, 6, 20), D(2018, 7, 20), D(2018, 9, 7), "WSCB", 1),
    ("MALR-1", "Multi-agency learning review", "Complete", None, D(2018, 4, 25), D(2018, 10, 19), None, "SSCB", 1),
    ("MALR-2", "Multi-agency learning review", "Ongoing", None, D(2019, 1, 30), None, None, "SSCB", 2),
)  # fmt: skip
RECOMMENDATIONS = (
    ("1", "WSCB"),
    ("2", "WSCB"),
    ("3", "WSCB"),
    ("4", "SSCB"),
    ("5", "WSCB"),
    ("6", "SSCB"),
    ("7", "WSCB"),
    ("7", "SSCB"),
)


def _reviews() -> File:
    heading = (
        "Review ref", "Type of review", "Status", "Date of incident", "Commissioned", "Final report", "Published",
        "Lead board", "Young people concerned",
    )  # fmt: skip
    reviews = table("Reviews", heading, REVIEWS, "Case reviews. Confidential: not for circulation.")
    heading = ("Review ref", "Rec no", "Action no", "For board", "Due date", "Status", "RAG", "Evidence", "Date closed")
    rows: list[tuple[object, ...]] = []
    for n, (number, owner) in enumerate(RECOMMENDATIONS, start=1):
        closed = n in (1, 4, 5)
        done = ("Closed", "Blue", f"Paper {n}", D(2019, 1, 9)) if closed else ("Open", "Amber", None, None)
        rows.append(
            ("SCR-Y", number, f"{number}.{1 if owner != 'SSCB' or number != '7' else 2}", owner, D(2019, 3, 29), *done)
        )
    for n in range(1, 10):
        done = ("Closed", "Green", f"Minute {n}", D(2019, 2, 13)) if n < 5 else ("Open", "Amber", None, None)
        rows.append(("MALR-1", str(n), f"{n}.1", "SSCB", D(2019, 6, 28), *done))
    actions = table("Actions", heading, rows, "Actions from recommendations")
    return File("SSCB/Case review tracker 2018-19.xlsx", [reviews, actions], to_xlsx)


def _interviews(organisations: dict[str, Organisation], rng: random.Random) -> File:
    """Whom the extended learning review spoke to: 96 people of 43 organisations."""
    named = [o for o in organisations.values() if INVENTED.fullmatch(o.code)]
    chosen = rng.sample(named, 37) + [organisations[code] for code in ("LBS", "MPS", "CCG", "SLAM", "NPS", "CRC")]
    spoken = chosen + [rng.choice(chosen) for _ in range(96 - len(chosen))]
    rng.shuffle(spoken)
    rows = [
        ("Interview", f"Interview {n:03}", typed(D(2019, 2, 4) + dt.timedelta(n // 3)), spelt(each, rng).strip())
        for n, each in enumerate(spoken, start=1)
    ]
    heading = ("Register", "Entry", "Date of entry", "Organisation")
    return File("SSCB/Review interview log.csv", [table(None, heading, rows)], to_csv)


# --------------------------------------------------------------------------- survey, section 11, partners, lists

REASONS = (
    "Workload", "No cover", "Course full", "Venue too far", "Time of day", "Did not know of it", "Own training",
)  # fmt: skip


def _survey(organisations: dict[str, Organisation], rng: random.Random) -> File:
    """238 people who answered; most give more than one reason."""
    named = [o for o in organisations.values() if INVENTED.fullmatch(o.code)]
    rows = []
    for n in range(1, 239):
        day = D(2018, 4, 16) + dt.timedelta(rng.randrange(40))
        reasons = "; ".join(rng.sample(REASONS, rng.choice((1, 2, 2, 3))))
        rows.append((f"R{n:04}", typed(day), spelt(rng.choice(named), rng).strip(), reasons))
    heading = ("Respondent ID", "Date submitted", "Your organisation", "What stops you attending")
    return File("SSCB/Training survey export.csv", [table(None, heading, rows)], to_csv_with_mark)


def _section11(rng: random.Random) -> File:
    heading = ("Agency", "Standard no", "Self-assessment score", "Moderated score", "Evidence", "Action", "Deadline")
    rows = []
    for agency in ("CCG", "SLAM", "GSTT", "KCH", "NPS", "LFB"):
        for standard in range(1, 9):
            own = rng.choice((2, 2, 3, 3, 3))
            moderated = own - (rng.random() < 0.2)
            action = ("Refresh the policy and brief staff", "28/06/2019") if own < 3 else ("", "")
            rows.append((agency, str(standard), str(own), str(int(moderated)), f"S11/{agency}/{standard}", *action))
    return File("SSCB/Section 11 scores 2018-19.csv", [table(None, heading, rows)], to_csv)


COMMAND = "Central South Command Unit"
PARTNERS = (
    ("E09000028", "London Borough of Southwark", "ONS", "local authority", "Yes", ""),
    ("08Q", "NHS Southwark Clinical Commissioning Group", "NHS", "health", "Yes", ""),
    ("MPS", "Metropolitan Police Service", "Own", "police", "Yes", ""),
    ("MPSSK", "Southwark Metropolitan Police Service", "Own", "police command", "No", COMMAND),
    ("MPSLB", "Lambeth Metropolitan Police Service", "Own", "police command", "No", COMMAND),
    ("MOPAC", "Mayor's Office for Policing and Crime", "Own", "police", "No", ""),
    ("RV5", "South London and Maudsley NHS Foundation Trust", "NHS", "health", "No", ""),
    ("RJ1", "Guy's and St Thomas' NHS Foundation Trust", "NHS", "health", "No", ""),
    ("RJZ", "King's College Hospital NHS Foundation Trust", "NHS", "health", "No", ""),
    ("LFB", "London Fire Brigade", "Own", "fire", "No", ""),
    ("NPS", "National Probation Service", "Own", "probation", "No", ""),
    ("CRC", "London Community Rehabilitation Company", "Own", "probation", "No", ""),
    ("CAFCASS", "Children and Family Court Advisory and Support Service", "Own", "family justice", "No", ""),
    ("CSWK", "Community Southwark", "Own", "voluntary", "No", ""),
)


def _partners() -> File:
    heading = (
        "Organisation code",
        "Official name",
        "Code type",
        "Sector",
        "Statutory partner",
        "Part of",
        "Valid from",
    )
    rows = [(*partner, typed(D(2018, 11, 28) if partner[5] else D(2013, 4, 1))) for partner in PARTNERS]
    return File("SSCB/Partnership organisations.csv", [table(None, heading, rows)], to_csv)


LISTS: dict[str, tuple[str, ...]] = {
    "Key strategic questions": (
        "Is the help provided effective?", "Are partners meeting their statutory responsibilities?",
        "Do partners quality assure practice?", "Is training monitored and evaluated?",
    ),
    "Responsibilities": (
        "All who work with children know what to do", "Action is taken quickly when concerns are reported",
        "Agencies ensure children are safe and monitor quality",
    ),
    "Governance and review": (
        "Core child protection review and challenge", "National policy developments", "Inspections",
        "New local partnership arrangements",
    ),
    "Learning and development": (
        "Learning and development framework", "Training programme and its impact",
        "Embedding performance and quality framework", "Serious case and multi-agency reviews",
    ),
    "Headings of section 3": PRIORITIES,
    "Headings of section 5": PRIORITIES,
    "Subgroups in contents": tuple(name for name, _ in SUBGROUPS),
    "Aims of Audit and Learning": (
        "Quality and effectiveness", "Strength and good practice", "Risk and vulnerability", "Actions",
    ),
    "Workstreams of Quality and Effectiveness": (
        "Strategies, policies and guidance", "Safeguarding indicators", "Register of risks", "Section 11 action plans",
        "Multi-agency audits", "National reviews",
    ),
    "Aims of Education subgroup": ("Quality in the sector", "Outcomes for children", "Work across sectors"),
    "Questions asked of families": (
        "What keeps families strong?", "What helps?", "What gets in the way?", "How can families get involved?",
    ),
    "Teams of the all-age disability service": (
        "Children's Disabilities teams", "Children's Family Link team", "Adults' Learning Disabilities Service",
    ),
    "Key themes of the neglect workshop": (
        "Programmes reach the front line", "Training", "The child's lived experience", "Early intervention",
        "Public health messages", "Adequate resources",
    ),
    "Key learning points of review 1": (
        "Mobile families", "Children missing from education", "S47 tracking", "CSE risk assessment and review",
        "Children who go missing", "Alcohol dependency", "Health assessments", "DoLS guidance and review",
    ),
}  # fmt: skip
"""What the draft report lists, shortened."""
CONTENTS = (
    ("1", "Context", 4), ("2", "The Board", 7), ("2.1", "Our Partners", 7), ("2.2", "Board Subgroups", 9),
    ("2.3", "Accountability", 14), ("2.4", "Financial arrangements", 15), ("3", "Progress", 16),
    ("3.1", "Exploitation", 16), ("3.2", "Knife Crime and Youth Violence", 16), ("3.3", "Vulnerable Parents", 18),
    ("3.4", "SEND", 20), ("3.5", "Neglect", 20), ("4", "Learning from Case Reviews", 22), ("5", "Looking Ahead", 23),
)  # fmt: skip


def _lists() -> File:
    rows = [("Contents", number, item, str(page)) for number, item, page in CONTENTS]
    rows += [(name, str(n), item, "") for name, items in LISTS.items() for n, item in enumerate(items, start=1)]
    return File("SSCB/Lists in the report.csv", [table(None, ("List", "Item no", "Item text", "Page"), rows)], to_csv)
