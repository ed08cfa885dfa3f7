package umadb

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// protoFile is the descriptor of umadb.proto.
var protoFile = sync.OnceValues(func() (protoreflect.FileDescriptor, error) {
	text, err := os.ReadFile("umadb.proto")
	if err != nil {
		return nil, err
	}
	return protodesc.NewFile(parseProto(string(text)), nil)
})

// dynamic returns an empty message of umadb.proto.
func dynamic(t testing.TB, name protoreflect.Name) *dynamicpb.Message {
	t.Helper()
	file, err := protoFile()
	if err != nil {
		t.Fatalf("umadb.proto: %v", err)
	}
	d := file.Messages().ByName(name)
	if d == nil {
		t.Fatalf("umadb.proto has no message %s", name)
	}
	return dynamicpb.NewMessage(d)
}

var (
	comment   = regexp.MustCompile(`(?m)//.*$`)
	statement = regexp.MustCompile(`(message|enum)\s+(\w+)\s*\{|(?:(optional|repeated)\s+)?(\w+)\s+(\w+)\s*=\s*(\d+)[^;]*;|(\w+)\s*=\s*(\d+);|\}`)
)

// parseProto reads as much of the language as umadb.proto has: messages, fields, and an enum inside a message.
func parseProto(text string) *descriptorpb.FileDescriptorProto {
	text = comment.ReplaceAllString(text, "")
	file := &descriptorpb.FileDescriptorProto{Name: new("umadb.proto"), Package: new("umadb.v1"), Syntax: new("proto3")}
	var message *descriptorpb.DescriptorProto
	var enum *descriptorpb.EnumDescriptorProto
	for _, m := range statement.FindAllStringSubmatch(text[strings.Index(text, "message "):], -1) {
		switch {
		case m[1] == "message":
			message = &descriptorpb.DescriptorProto{Name: new(m[2])}
			file.MessageType = append(file.MessageType, message)
		case m[1] == "enum":
			enum = &descriptorpb.EnumDescriptorProto{Name: new(m[2])}
			message.EnumType = append(message.EnumType, enum)
		case m[7] != "":
			enum.Value = append(enum.Value, &descriptorpb.EnumValueDescriptorProto{Name: new(m[7]), Number: number(m[8])})
		case m[4] != "":
			addField(message, m[3], m[4], m[5], m[6])
		case enum != nil:
			enum = nil
		}
	}
	return file
}

func number(text string) *int32 {
	n, _ := strconv.Atoi(text)
	return new(int32(n))
}

var scalars = map[string]descriptorpb.FieldDescriptorProto_Type{
	"string": descriptorpb.FieldDescriptorProto_TYPE_STRING, "bytes": descriptorpb.FieldDescriptorProto_TYPE_BYTES,
	"bool": descriptorpb.FieldDescriptorProto_TYPE_BOOL, "uint32": descriptorpb.FieldDescriptorProto_TYPE_UINT32,
	"uint64": descriptorpb.FieldDescriptorProto_TYPE_UINT64,
}

func addField(message *descriptorpb.DescriptorProto, label, kind, name, at string) {
	f := &descriptorpb.FieldDescriptorProto{
		Name: new(name), Number: number(at), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
	}
	if label == "repeated" {
		f.Label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	}
	if label == "optional" {
		f.Proto3Optional = new(true)
		f.OneofIndex = new(int32(len(message.OneofDecl)))
		message.OneofDecl = append(message.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: new("_" + name)})
	}
	if scalar, ok := scalars[kind]; ok {
		f.Type = scalar.Enum()
	} else if kind == "ErrorType" {
		f.Type, f.TypeName = descriptorpb.FieldDescriptorProto_TYPE_ENUM.Enum(), new(".umadb.v1.ErrorResponse.ErrorType")
	} else {
		f.Type, f.TypeName = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), new(".umadb.v1."+kind)
	}
	message.Field = append(message.Field, f)
}
