package protobuf

import (
	"errors"
	"fmt"
	"reflect"

	"google.golang.org/protobuf/proto"

	"github.com/gestadb/gesta"
)

// Codec is the codec.
var Codec gesta.Codec = codec{}

var (
	writing = proto.MarshalOptions{Deterministic: true}
	reading = proto.UnmarshalOptions{NoLazyDecoding: true} // what is read later would keep the bytes, and hide damage
)

var messageType = reflect.TypeFor[proto.Message]()

type codec struct{}

func (codec) ContentType() string { return "application/protobuf" }

func (codec) Check(t reflect.Type) error {
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct || !t.Implements(messageType) {
		return fmt.Errorf("%v is no pointer to a protobuf message", t)
	}
	message := t
	for f := range t.Elem().Fields() {
		if !f.Anonymous {
			continue
		}
		message = reflect.PointerTo(f.Type)
		if t.Elem().NumField() > 1 || f.Type.Kind() != reflect.Struct || !message.Implements(messageType) {
			return fmt.Errorf("%v embeds %v: what embeds a protobuf message, not a pointer to one, may have nothing else, for only the message is stored", t, f.Type)
		}
	}
	if message != t {
		return codec{}.Check(message)
	}
	m, ok := reflect.TypeAssert[proto.Message](reflect.New(t.Elem()))
	if !ok || m.ProtoReflect().Descriptor() == nil || reflect.TypeOf(m.ProtoReflect().Interface()) != t {
		return fmt.Errorf("%v is a protobuf message only together with its descriptor", t)
	}
	return nil
}

func (codec) Encode(v any) ([]byte, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("protobuf: %T is no message", v)
	}
	if !m.ProtoReflect().IsValid() {
		return nil, errors.New("protobuf: the message is nil")
	}
	return writing.Marshal(m)
}

func (codec) Decode(data []byte, into any) error {
	m, ok := into.(proto.Message)
	if !ok {
		return fmt.Errorf("protobuf: %T is no message", into)
	}
	return reading.Unmarshal(data, m)
}
