"""The page in a real browser: held to axe, to a telephone, to the keyboard, to A4 and to its own policy."""

import re

import pytest

PAGES = ("report.html", "report-faults.html", "reconcile-faults.html", "validate-faults.html")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def opened(browser, results):
    """Open a result at a size, all that it asks for and complains of noted."""
    tabs = []

    def at(name, size=DESKTOP, **more):
        tab = browser.new_page(viewport=size, **more)
        tabs.append(tab)
        tab.noted = []
        tab.on("request", lambda request: tab.noted.append(request.url))
        tab.on("console", lambda message: tab.noted.append(message.text))
        tab.on("pageerror", lambda error: tab.noted.append(str(error)))
        address = results(name).as_uri()
        tab.goto(address)
        tab.noted = [each for each in tab.noted if each != address]
        return tab

    yield at
    for tab in tabs:
        tab.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_to_object_to(opened, name, size):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(opened(name, size))
    assert not found.response["violations"], found.generate_report()
    assert len(found.response["passes"]) > 10


@pytest.mark.parametrize("name", PAGES)
def test_the_page_asks_for_nothing_and_its_policy_is_not_once_broken(opened, name):
    tab = opened(name)
    assert tab.noted == []
    assert tab.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(20, 50, 79)"


@pytest.mark.parametrize("name", PAGES)
def test_a_telephone_never_has_to_scroll_sideways(opened, name):
    assert opened(name, PHONE).evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize("name", PAGES)
def test_no_table_is_wider_than_the_page_s_own_column(opened, name):
    wide = opened(name).evaluate(
        "[...document.querySelectorAll('table')].filter(t => t.scrollWidth > t.parentElement.clientWidth + 1)"
        ".map(t => t.caption.textContent)"
    )
    assert wide == []


@pytest.mark.parametrize(("size", "seen", "unseen"), [(DESKTOP, "wide", "narrow"), (PHONE, "narrow", "wide")])
def test_each_chart_is_drawn_once_and_its_letters_can_be_read(opened, size, seen, unseen):
    tab = opened("report.html", size)
    assert tab.locator(f".{seen} svg").count() == 3
    assert all(each.is_visible() for each in tab.locator(f".{seen} svg").all())
    assert not any(each.is_visible() for each in tab.locator(f".{unseen} svg").all())
    drawn = tab.evaluate(
        f"""[...document.querySelectorAll('.{seen} svg')].map(svg => {{
            const frame = svg.getBoundingClientRect(), texts = [...svg.querySelectorAll('text')];
            return {{least: Math.min(...texts.map(t => parseFloat(getComputedStyle(t).fontSize)))
                            * frame.width / svg.viewBox.baseVal.width,
                     inside: texts.every(t => t.getBoundingClientRect().left >= frame.left - 1 &&
                                              t.getBoundingClientRect().right <= frame.right + 1)}}
        }})"""
    )
    assert all(each["least"] >= 11 for each in drawn), drawn
    assert all(each["inside"] for each in drawn)


def test_a_keyboard_reaches_the_findings_and_every_chapter(opened):
    tab = opened("report-faults.html")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the findings"
    assert tab.locator(".skip").bounding_box()["x"] >= 0
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "content"
    tab = opened("report-faults.html")
    links = tab.locator("nav a").all_text_contents()
    tab.keyboard.press("Tab")
    for link in links:
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.textContent") == link
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash") == f"#chapter-{len(links)}"


def test_on_a4_nothing_is_wider_than_the_paper_and_headers_come_again(opened):
    tab = opened("report-faults.html", {"width": 680, "height": 900})
    tab.emulate_media(media="print")
    assert not tab.locator("nav").is_visible()
    assert (
        tab.evaluate("getComputedStyle(document.querySelector('table.blocks thead')).display") == "table-header-group"
    )
    assert tab.evaluate("document.documentElement.scrollWidth") <= 680
    paper = tab.pdf(prefer_css_page_size=True)
    sheets = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", paper)
    assert len(sheets) > 5
    assert {(round(float(width)), round(float(height))) for width, height in sheets} == {(595, 842)}
