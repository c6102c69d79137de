"""scikit-learn fits and compares some models."""

from benchmarks.real.program import Program

PROGRAM = Program(
    "scikit-learn",
    ("scikit-learn",),
    """
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

values, labels = make_classification(n_samples=600, n_features=20, random_state=0)
models = [
    RandomForestClassifier(n_estimators=60, random_state=0),
    GradientBoostingClassifier(n_estimators=40, random_state=0),
    GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()),
        {"logisticregression__C": [0.01, 0.1, 1.0, 10.0, 100.0]},
    ),
]
for model in models:
    print(type(model).__name__, round(cross_val_score(model, values, labels).mean(), 6))
""",
)
