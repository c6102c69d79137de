"""Scrapy crawls 400 pages that lie in files."""

from benchmarks.real.program import Program

PROGRAM = Program(
    "scrapy",
    ("scrapy",),
    """
from pathlib import Path

import scrapy
from scrapy.crawler import CrawlerProcess

pages = Path("pages").absolute()
pages.mkdir(exist_ok=True)
for number in range(400):
    links = "".join(
        f'<li class="next"><a href="{to}.html">{to}</a></li>'
        for to in (2 * number + 1, 2 * number + 2)
        if to < 400
    )
    pages.joinpath(f"{number}.html").write_text(
        f"<html><h1>page {number}</h1><ul>{links}</ul>" + "<p>text</p>" * 50 + "</html>"
    )
seen = []

class Spider(scrapy.Spider):
    name = "pages"
    start_urls = [pages.joinpath("0.html").as_uri()]

    def parse(self, response):
        yield {"title": response.css("h1::text").get(), "size": len(response.css("p"))}
        yield from response.follow_all(css="li.next a")

def keep(item):
    seen.append(item["title"])

process = CrawlerProcess({"LOG_ENABLED": False, "CONCURRENT_REQUESTS": 8})
crawler = process.create_crawler(Spider)
crawler.signals.connect(keep, scrapy.signals.item_scraped)
process.crawl(crawler)
process.start()
print(len(seen), sorted(seen)[-1])
""",
)
