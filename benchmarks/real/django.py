"""Django's test runner runs tests of views, forms and an in-memory database."""

from benchmarks.real.program import Program

PROGRAM = Program(
    "django",
    ("django",),
    """
import sys
from pathlib import Path

MODELS = '''
from django.db import models
class Author(models.Model):
    name = models.CharField(max_length=100)
class Book(models.Model):
    title = models.CharField(max_length=100)
    pages = models.IntegerField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
'''
VIEWS = '''
from django.http import HttpResponse
from django.template import Context, Engine
from django.urls import path
from shop.models import Book
PAGE = Engine().from_string("{% for book in books %}<li>{{ book.title|upper }}</li>{% endfor %}")
def books(request):
    return HttpResponse(PAGE.render(Context({"books": Book.objects.select_related("author")})))
urlpatterns = [path("books/", books)]
'''
TESTS = '''
from django import forms
from django.db.models import Sum
from django.test import TestCase
from shop.models import Author, Book
class Form(forms.ModelForm):
    class Meta:
        model = Book
        fields = ["title", "pages", "author"]
class Shop(TestCase):
    def setUp(self):
        self.author = Author.objects.create(name="Ada")
        for number in range(20):
            Book.objects.create(title=f"book {number}", pages=number, author=self.author)
def of_view(self):
    self.assertContains(self.client.get("/books/"), "BOOK 7")
def of_form(self):
    form = Form({"title": "new", "pages": "7", "author": self.author.pk})
    self.assertTrue(form.is_valid(), form.errors)
    form.save()
    self.assertEqual(self.author.books.count(), 21)
def of_query(self):
    self.assertEqual(Book.objects.filter(pages__gt=9).aggregate(Sum("pages"))["pages__sum"], 145)
for number in range(60):
    for test in (of_view, of_form, of_query):
        setattr(Shop, f"test_{test.__name__}_{number}", test)
'''
Path("shop").mkdir(exist_ok=True)
for name, text in {"__init__": "", "models": MODELS, "views": VIEWS, "tests": TESTS}.items():
    Path("shop", f"{name}.py").write_text(text)
sys.path.insert(0, ".")

import django
from django.conf import settings
from django.core.management import call_command

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["shop"],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    ROOT_URLCONF="shop.views",
)
django.setup()
call_command("test", "shop", verbosity=0)
print("passed")
""",
)
