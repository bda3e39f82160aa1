import contextlib, time
from lexfit.__main__ import main
def test_a(zero_shot, kfold, capsys):
    for s in (zero_shot, kfold):
        with contextlib.chdir(s.root):
            t=time.time()
            main(["submission","--repo","acme/statutes"])
            with capsys.disabled():
                print(capsys.readouterr().out, time.time()-t, s.root)
