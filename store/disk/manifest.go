package disk

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"time"

	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/disk/internal/segment"
	"github.com/gestadb/gesta/store/disk/vfs"
)

// The names in a store's directory.
const (
	manifestName = "gesta.json"
	lockName     = "lock"
	logDir       = "log"
	headName     = "log/head"
	indexDir     = "index"
	headsName    = "heads"
	tmpSuffix    = ".tmp"
	segSuffix    = ".seg"

	formatVersion = 1
)

// manifest is what gesta.json says.
type manifest struct {
	id      segment.StoreID
	seed    uint64
	created time.Time
}

type manifestJSON struct {
	Format  int    `json:"format"`
	Store   string `json:"store"`
	Created string `json:"created"`
	Seed    string `json:"seed"`
}

// newManifest makes the manifest of a new store, with a random UUID (version 4) and seed.
func newManifest(now time.Time) (manifest, error) {
	var b [24]byte
	if _, err := rand.Read(b[:]); err != nil {
		return manifest{}, fmt.Errorf("make store id: %w", err)
	}
	m := manifest{seed: binary.LittleEndian.Uint64(b[16:]), created: store.Time(now)}
	copy(m.id[:], b[:16])
	m.id[6] = m.id[6]&0x0f | 0x40
	m.id[8] = m.id[8]&0x3f | 0x80
	return m, nil
}

// encode returns what gesta.json is to be. It is an error where that would not be read as the same: the store could not be opened again.
func (m *manifest) encode() ([]byte, error) {
	b, err := json.Marshal(manifestJSON{
		Format: formatVersion, Store: segment.FormatID(m.id),
		Created: m.created.Format(time.RFC3339Nano), Seed: fmt.Sprintf("%016x", m.seed),
	})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", manifestName, err)
	}
	b = append(b, '\n')
	if back, err := decodeManifest(b); err != nil || back.id != m.id || back.seed != m.seed || !back.created.Equal(m.created) {
		return nil, fmt.Errorf("encode %s: %s does not read back as what was written", manifestName, b)
	}
	return b, nil
}

// decodeManifest reads gesta.json. The format is looked at before anything else.
func decodeManifest(b []byte) (manifest, error) {
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return manifest{}, damagedManifest(err.Error())
	}
	if version.Format > formatVersion {
		return manifest{}, fmt.Errorf("read %s: format %d is newer than this version of gesta, which knows up to %d: use a newer gesta", manifestName, version.Format, formatVersion)
	}
	var j manifestJSON
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return manifest{}, damagedManifest(err.Error())
	}
	id, ok := segment.ParseID(j.Store)
	seed, err := strconv.ParseUint(j.Seed, 16, 64)
	created, timeErr := time.Parse(time.RFC3339Nano, j.Created)
	if !ok || err != nil || timeErr != nil || j.Format != formatVersion {
		return manifest{}, damagedManifest("format, store, created or seed is malformed")
	}
	return manifest{id: id, seed: seed, created: created}, nil
}

func damagedManifest(problem string) error {
	return &store.DamagedError{File: manifestName, Problem: problem}
}

// readManifest reads gesta.json of the store in dir, with an error that is fs.ErrNotExist when there is no store.
func readManifest(fsys vfs.FS, dir string) (manifest, error) {
	b, err := readSmall(fsys, path.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return manifest{}, noManifest(fsys, dir)
	}
	if err != nil {
		return manifest{}, fmt.Errorf("read %s: %w", manifestName, err)
	}
	return decodeManifest(b)
}

// noManifest tells a directory that is not yet a store from a store that has lost its manifest.
func noManifest(fsys vfs.FS, dir string) error {
	absent := fmt.Errorf("no store in %s: %w", dir, fs.ErrNotExist)
	numbers, err := listSegments(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(numbers) == 0 {
		return absent
	}
	if err != nil {
		return err
	}
	info, err := fsys.Stat(path.Join(dir, segmentName(numbers[0])))
	if err != nil {
		return fmt.Errorf("look at the first segment: %w", err)
	}
	if len(numbers) == 1 && numbers[0] == 1 && info.Size <= segment.HeaderSize {
		return absent
	}
	return damagedManifest("it is missing, but there are segments")
}

// createStore makes an empty store in dir: gesta.json comes last.
func createStore(fsys vfs.FS, dir string, now time.Time) (manifest, error) {
	m, err := newManifest(now)
	if err != nil {
		return m, err
	}
	b, err := m.encode()
	if err != nil {
		return m, err
	}
	for _, d := range []string{path.Join(dir, logDir), path.Join(dir, indexDir)} {
		if err := fsys.MkdirAll(d); err != nil {
			return m, fmt.Errorf("make directory: %w", err)
		}
	}
	if err := fsys.SyncDir(dir); err != nil {
		return m, fmt.Errorf("sync directory: %w", err)
	}
	h := segment.Header{StoreID: m.id, Number: 1, RecordedAt: noTime}
	if err := writeFile(fsys, path.Join(dir, segmentName(1)), h.Encode()); err != nil {
		return m, err
	}
	if err := syncParents(fsys, dir); err != nil {
		return m, err
	}
	return m, writeFile(fsys, path.Join(dir, manifestName), b)
}

// syncParents makes the directory itself durable as far up as this process may look.
func syncParents(fsys vfs.FS, dir string) error {
	for d := path.Dir(path.Clean(dir)); ; d = path.Dir(d) {
		if err := fsys.SyncDir(d); err != nil {
			if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return fmt.Errorf("sync directory: %w", err)
		}
		if d == path.Dir(d) {
			return nil
		}
	}
}

// writeFile writes a file so that it is there whole or not at all: under another name, synced, renamed, the directory synced.
func writeFile(fsys vfs.FS, name string, b []byte) error {
	f, err := fsys.Create(name + tmpSuffix)
	if err != nil {
		return fmt.Errorf("create %s: %w", path.Base(name), err)
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path.Base(name), err)
	}
	return replaceFile(fsys, name)
}

// replaceFile gives name.tmp the name.
func replaceFile(fsys vfs.FS, name string) error {
	if err := fsys.Rename(name+tmpSuffix, name); err != nil {
		return fmt.Errorf("rename %s: %w", path.Base(name), err)
	}
	if err := fsys.SyncDir(path.Dir(name)); err != nil {
		return fmt.Errorf("sync directory of %s: %w", path.Base(name), err)
	}
	return nil
}

// readSmall reads a file of at most a megabyte whole.
func readSmall(fsys vfs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.NewSectionReader(f, 0, 1<<20))
}
