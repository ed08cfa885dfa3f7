package rawlimit

import "fmt"

// zeros are what the filler writes.
var zeros [pieceBytes]byte

// filler fills steps with zeros and syncs them until it is stopped. A step that the stop cut short is ended by the next filler.
func (l *Log) filler() error {
	for {
		p, ok := l.room.fill()
		if !ok {
			return nil
		}
		if err := l.fillPiece(p); err != nil {
			return fmt.Errorf("fill ahead: %w", err)
		}
	}
}

func (l *Log) fillPiece(p piece) error {
	file, err := l.files.file(p.file)
	if err == nil {
		_, err = file.WriteAt(zeros[:p.n], p.offset)
	}
	l.room.wrote() // also after an error: the committer may be waiting
	if err != nil || !p.ends || l.o.NoSync {
		return err
	}
	return file.Sync()
}
