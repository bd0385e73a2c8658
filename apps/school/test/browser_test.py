"""Signs in with a real browser, opens every page, uploads a portrait and waits for its copy to
appear without a reload. Needs a running school with demonstration data, its function and a bucket
(test/try.sh starts all three). Environment: SCHOOL_URL, SCHOOL_PASSWORD, PHOTO (a picture file),
SCREENSHOTS (a folder, optional)."""
import os
import pathlib
import re

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

URL = os.environ.get("SCHOOL_URL", "http://127.0.0.1:15000")
PASSWORD = os.environ["SCHOOL_PASSWORD"]
PHOTO = os.environ["PHOTO"]
SCREENSHOTS = os.environ.get("SCREENSHOTS")


def open_browser(width=1280, height=900, scheme="light"):
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--hide-scrollbars", "--no-proxy-server"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path="/usr/bin/chromedriver")
    browser = webdriver.Chrome(options=options, service=service)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {
        "features": [{"name": "prefers-color-scheme", "value": scheme}]})
    return browser


@pytest.fixture(params=[(1280, 900, "light"), (1280, 900, "dark"), (390, 844, "light")],
                ids=["light", "dark", "phone"])
def browser(request):
    browser = open_browser(*request.param)
    browser.kind = request.node.callspec.id
    yield browser
    browser.quit()


def sign_in(browser, login):
    browser.delete_all_cookies()
    browser.get(URL + "/login")
    browser.find_element(By.NAME, "login").send_keys(login)
    browser.find_element(By.NAME, "password").send_keys(PASSWORD)
    browser.find_element(By.CSS_SELECTOR, "button.primary").click()
    WebDriverWait(browser, 10).until(lambda b: "Hello" in text(b, "h1"))


def shoot(browser, name):
    assert browser.get_log("browser") == [], "the console has complaints"
    sideways = browser.execute_script(
        "return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert sideways <= 0, f"{name} scrolls sideways"
    if SCREENSHOTS:
        folder = pathlib.Path(SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        browser.save_screenshot(str(folder / f"{name}-{browser.kind}.png"))


def text(browser, selector):
    """Read at once: the element may be drawn anew at any moment."""
    return browser.execute_script(
        "return document.querySelector(arguments[0])?.textContent ?? ''", selector)


def wait_for(browser, selector, expected):
    WebDriverWait(browser, 15).until(lambda b: expected in text(b, selector))


def yearbook_address(browser):
    return browser.find_element(By.LINK_TEXT, "Yearbook").get_attribute("href")


def test_a_portrait_goes_from_the_pupil_to_the_yearbook(browser):
    browser.get(URL + "/login")
    shoot(browser, "login")
    sign_in(browser, "pupil")
    shoot(browser, "home-pupil")
    yearbook = yearbook_address(browser)

    browser.get(yearbook + "/mine")
    browser.find_element(By.CSS_SELECTOR, "input[type=file]").send_keys(PHOTO)
    wait_for(browser, ".panel .badge", "Waiting for the editors")
    WebDriverWait(browser, 10).until(lambda b: b.execute_script(
        "const i = document.querySelector('.panel img'); return i && i.naturalWidth > 0"))
    assert "smaller" in text(browser, ".savings")
    shoot(browser, "mine")

    sign_in(browser, "editor")
    browser.get(yearbook + "/review")
    shoot(browser, "review")
    browser.execute_script("document.querySelector('.review button.primary').click()")
    wait_for(browser, ".review", "In the yearbook")

    sign_in(browser, "teacher")
    shoot(browser, "home-teacher")
    browser.get(yearbook)
    WebDriverWait(browser, 10).until(lambda b: b.execute_script(
        "const i = document.querySelector('.entry img'); return i && i.naturalWidth > 0"))
    shoot(browser, "yearbook")
    browser.find_element(By.ID, "q").send_keys("yilmaz")
    assert shown_entries(browser) == 1
    browser.execute_async_script(
        "redraw(document.querySelector('.entry[hidden]')).then(arguments[0])")
    assert shown_entries(browser) == 1


def shown_entries(browser):
    return browser.execute_script(
        "return [...document.querySelectorAll('.entry')].filter(e => !e.hidden).length")


def test_staff_pages_open(browser):
    sign_in(browser, "office")
    browser.get(URL + "/pupils")
    assert len(browser.find_elements(By.CSS_SELECTOR, "tbody tr")) == 50
    shoot(browser, "pupils")
    browser.find_element(By.CSS_SELECTOR, "tbody a").click()
    wait_for(browser, ".above", "Pupil")
    shoot(browser, "pupil")


def test_a_pupil_may_not_open_another_record(browser):
    sign_in(browser, "pupil")
    browser.get(URL + "/pupils")
    assert "Only staff" in text(browser, "h1")
    footer = text(browser, "footer")
    assert re.search(r"Served by \S+ in \S+ · version", footer)
