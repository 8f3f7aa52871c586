# What the default branch fixes by hash, read as git objects: no file of a work tree is installed.
tool=$(mktemp -d)
git {{ git }}ls-tree -r {{ rev }} -- {{ folder }}/ | while read -r mode _ id path; do
  if [[ $mode != 100644 ]]; then echo "$path is no plain file" >&2; exit 2; fi
  git {{ git }}cat-file blob "$id" > "$tool/${path##*/}"
done
(cd "$tool" && sha256sum -- * && python -m pip install --quiet --disable-pip-version-check --no-deps \
  --require-hashes --only-binary :all: {{ pip }}-r requirements.txt)
