// The shape table. Generated from the service's model; do not edit.

#include "sample/schema.h"

#include <cstddef>

#include "aws/schema/pattern.h"
#include "sample/types.h"

namespace holm::sample::schema {

extern const bool kHonoured[28];
extern const aws::Shape kBoxNameShape;
extern const aws::Shape kSizeShape;
extern const aws::Shape kTagListShape;
extern const aws::Shape kMetadataShape;
extern const aws::Shape kItemKindShape;
extern const aws::Shape kSecretShape;
extern const aws::Shape kNodeMapShape;
extern const aws::Shape kNodeListShape;
extern const aws::Shape kNamesShape;
extern const aws::Shape kFlatNamesShape;

constexpr aws::Member kPutItemRequestMembers[] = {
    {.name = "Box", .wire_name = "Box", .ec2_name = "Box", .shape = &kBoxNameShape, .offset = offsetof(PutItemRequest, box), .ops = &aws::FieldOf<std::string>::ops, .location = aws::Location::Uri, .required = true, .is_honoured = &kHonoured[0], .is_host_label = true, .given_bit = 1u, .given_offset = offsetof(PutItemRequest, given)},
    {.name = "Key", .wire_name = "Key", .ec2_name = "Key", .shape = &aws::kString, .offset = offsetof(PutItemRequest, key), .ops = &aws::FieldOf<std::string>::ops, .location = aws::Location::Uri, .required = true, .is_honoured = &kHonoured[1], .given_bit = 2u, .given_offset = offsetof(PutItemRequest, given)},
    {.name = "MinSize", .wire_name = "min-size", .ec2_name = "Min-size", .shape = &kSizeShape, .offset = offsetof(PutItemRequest, min_size), .ops = &aws::FieldOf<int32_t>::ops, .location = aws::Location::QueryString, .required = true, .is_honoured = &kHonoured[2], .given_bit = 4u, .given_offset = offsetof(PutItemRequest, given)},
    {.name = "Tags", .wire_name = "Tags", .ec2_name = "Tags", .shape = &kTagListShape, .offset = offsetof(PutItemRequest, tags), .ops = &aws::FieldOf<std::vector<Tag>>::ops, .required = true, .is_honoured = &kHonoured[3], .given_bit = 8u, .given_offset = offsetof(PutItemRequest, given)},
    {.name = "When", .wire_name = "x-when", .ec2_name = "X-when", .shape = &aws::kTimestamp, .offset = offsetof(PutItemRequest, when), .ops = &aws::FieldOf<aws::Timestamp>::ops, .location = aws::Location::Header, .timestamp = aws::TimestampFormat::Iso8601, .required = true, .is_honoured = &kHonoured[4], .given_bit = 16u, .given_offset = offsetof(PutItemRequest, given)},
    {.name = "Metadata", .wire_name = "x-meta-", .ec2_name = "X-meta-", .shape = &kMetadataShape, .offset = offsetof(PutItemRequest, metadata), .ops = &aws::UnlessEmpty<std::map<std::string, std::string>>::ops, .location = aws::Location::Headers, .is_honoured = &kHonoured[5]},
    {.name = "Item", .wire_name = "Item", .ec2_name = "Item", .shape = &kItem, .offset = offsetof(PutItemRequest, item), .ops = &aws::FieldOf<std::optional<Item>>::ops, .is_honoured = &kHonoured[6], .xml_namespace = "http://sample/item/", .xml_prefix = "i"},
    {.name = "ClientToken", .wire_name = "ClientToken", .ec2_name = "ClientToken", .shape = &aws::kString, .offset = offsetof(PutItemRequest, client_token), .ops = &aws::FieldOf<std::optional<std::string>>::ops, .is_idempotency_token = true, .is_honoured = &kHonoured[7]},
    {.name = "Context", .wire_name = "x-context", .ec2_name = "X-context", .shape = &aws::kString, .offset = offsetof(PutItemRequest, context), .ops = &aws::FieldOf<std::optional<std::string>>::ops, .location = aws::Location::Header, .is_honoured = &kHonoured[8], .is_json_value = true},
    {.name = "Kept", .wire_name = "Kept", .ec2_name = "Kept", .shape = &aws::kString, .offset = offsetof(PutItemRequest, kept), .ops = &aws::FieldOf<std::optional<std::string>>::ops, .is_honoured = &kHonoured[9]},
    {.name = "Ignored", .wire_name = "Ignored", .ec2_name = "Ignored", .shape = &aws::kBoolean, .offset = offsetof(PutItemRequest, ignored), .ops = &aws::FieldOf<std::optional<bool>>::ops, .is_honoured = &kHonoured[10]},
    {.name = "Refused", .wire_name = "Refused", .ec2_name = "Refused", .shape = &aws::kBoolean, .offset = offsetof(PutItemRequest, refused), .ops = &aws::FieldOf<std::optional<bool>>::ops, .is_honoured = &kHonoured[11]},
    {.name = "Nullable", .wire_name = "Nullable", .ec2_name = "Nullable", .shape = &kNamesShape, .offset = offsetof(PutItemRequest, nullable), .ops = &aws::FieldOf<std::optional<std::vector<std::string>>>::ops, .is_honoured = &kHonoured[12]},
    {.name = "delete", .wire_name = "delete", .ec2_name = "Delete", .shape = &aws::kBoolean, .offset = offsetof(PutItemRequest, delete_), .ops = &aws::FieldOf<std::optional<bool>>::ops, .is_honoured = &kHonoured[13]},
};
constinit const aws::Shape kPutItemRequest{.kind = aws::Kind::Structure, .name = "PutItemRequest", .members = kPutItemRequestMembers, .payload = &kPutItemRequestMembers[6]};
constinit const aws::Pattern kBoxNamePattern("[a-z\\u002D]{3,2000}(\?!x)", "[a-z\\x{002D}]{3,}");
constexpr aws::Constraints kBoxNameConstraints{.minimum = 3.0, .maximum = 63.0, .pattern = &kBoxNamePattern};
constinit const aws::Shape kBoxNameShape{.kind = aws::Kind::String, .name = "BoxName", .constraints = &kBoxNameConstraints};
constexpr aws::Constraints kSizeConstraints{.minimum = -1.0, .maximum = 10.0};
constinit const aws::Shape kSizeShape{.kind = aws::Kind::Integer, .name = "Size", .constraints = &kSizeConstraints};
constexpr aws::Member kTagListShapeElement{.name = "member", .wire_name = "Tag", .ec2_name = "Tag", .shape = &kTag, .ops = &aws::FieldOf<Tag>::ops};
constexpr aws::Constraints kTagListConstraints{.maximum = 50.0};
constinit const aws::Shape kTagListShape{.kind = aws::Kind::List, .name = "TagList", .element = &kTagListShapeElement, .list = &aws::ListOf<Tag>::ops, .constraints = &kTagListConstraints};
constexpr aws::Member kTagMembers[] = {
    {.name = "Key", .wire_name = "Key", .ec2_name = "Key", .shape = &aws::kString, .offset = offsetof(Tag, key), .ops = &aws::FieldOf<std::string>::ops, .required = true, .is_honoured = &kHonoured[14], .given_bit = 1u, .given_offset = offsetof(Tag, given)},
    {.name = "Value", .wire_name = "Value", .ec2_name = "Value", .shape = &aws::kString, .offset = offsetof(Tag, value), .ops = &aws::FieldOf<std::optional<std::string>>::ops, .is_honoured = &kHonoured[15]},
};
constinit const aws::Shape kTag{.kind = aws::Kind::Structure, .name = "Tag", .members = kTagMembers};
constexpr aws::Member kMetadataShapeElement{.name = "value", .wire_name = "value", .ec2_name = "Value", .shape = &aws::kString, .ops = &aws::FieldOf<std::string>::ops};
constinit const aws::Shape kMetadataShape{.kind = aws::Kind::Map, .name = "Metadata", .element = &kMetadataShapeElement, .map = &aws::MapOf<std::string>::ops, .key_name = "key"};
constexpr aws::Member kItemMembers[] = {
    {.name = "Kind", .wire_name = "xsi:type", .ec2_name = "Xsi:type", .shape = &kItemKindShape, .offset = offsetof(Item, kind), .ops = &aws::FieldOf<std::optional<std::string>>::ops, .is_xml_attribute = true, .is_honoured = &kHonoured[16]},
    {.name = "Secret", .wire_name = "Secret", .ec2_name = "Secret", .shape = &kSecretShape, .offset = offsetof(Item, secret), .ops = &aws::FieldOf<std::optional<std::string>>::ops, .is_honoured = &kHonoured[17], .is_sensitive = true},
    {.name = "Choice", .wire_name = "Choice", .ec2_name = "Choice", .shape = &kChoice, .offset = offsetof(Item, choice), .ops = &aws::FieldOf<std::optional<Choice>>::ops, .is_honoured = &kHonoured[18]},
    {.name = "Anything", .wire_name = "Anything", .ec2_name = "Anything", .shape = &aws::kDocument, .offset = offsetof(Item, anything), .ops = &aws::FieldOf<aws::Document>::ops, .is_honoured = &kHonoured[19]},
    {.name = "Service", .wire_name = "Service", .ec2_name = "Service", .shape = &kServiceValue, .offset = offsetof(Item, service), .ops = &aws::FieldOf<std::optional<ServiceValue>>::ops, .is_honoured = &kHonoured[20]},
    {.name = "Data", .wire_name = "Data", .ec2_name = "Data", .shape = &aws::kBlob, .offset = offsetof(Item, data), .ops = &aws::FieldOf<std::optional<std::string>>::ops, .is_honoured = &kHonoured[21]},
    {.name = "Nodes", .wire_name = "Nodes", .ec2_name = "Nodes", .shape = &kNodeMapShape, .offset = offsetof(Item, nodes), .ops = &aws::UnlessEmpty<std::map<std::string, Node>>::ops, .is_honoured = &kHonoured[22]},
};
constinit const aws::Shape kItem{.kind = aws::Kind::Structure, .name = "Item", .members = kItemMembers, .xml_name = "ItemRoot", .xml_namespace = "http://sample/root/"};
constexpr std::string_view kItemKindValues[] = {"CREATE_COMPLETE", "t2.micro", "aws:kms", "AWS:KMS", ""};
constexpr aws::Constraints kItemKindConstraints{.values = kItemKindValues};
constinit const aws::Shape kItemKindShape{.kind = aws::Kind::String, .name = "ItemKind", .constraints = &kItemKindConstraints};
constexpr aws::Constraints kSecretConstraints{.maximum = 8.0};
constinit const aws::Shape kSecretShape{.kind = aws::Kind::String, .name = "Secret", .constraints = &kSecretConstraints};
constexpr aws::Member kChoiceMembers[] = {
    {.name = "A", .wire_name = "A", .ec2_name = "A", .shape = &aws::kString, .offset = offsetof(Choice, a), .ops = &aws::FieldOf<std::optional<std::string>>::ops, .is_honoured = &kHonoured[23]},
    {.name = "B", .wire_name = "B", .ec2_name = "B", .shape = &kSizeShape, .offset = offsetof(Choice, b), .ops = &aws::FieldOf<std::optional<int32_t>>::ops, .is_honoured = &kHonoured[24]},
};
constinit const aws::Shape kChoice{.kind = aws::Kind::Structure, .name = "Choice", .members = kChoiceMembers, .is_union = true};
constinit const aws::Shape kServiceValue{.kind = aws::Kind::Structure, .name = "Service"};
constexpr aws::Member kNodeMapShapeElement{.name = "value", .wire_name = "v", .ec2_name = "V", .shape = &kNode, .ops = &aws::FieldOf<Node>::ops};
constinit const aws::Shape kNodeMapShape{.kind = aws::Kind::Map, .name = "NodeMap", .element = &kNodeMapShapeElement, .map = &aws::MapOf<Node>::ops, .key_name = "k", .key_constraints = &kBoxNameConstraints, .is_flattened = true};
constexpr aws::Member kNodeMembers[] = {
    {.name = "Name", .wire_name = "Name", .ec2_name = "Name", .shape = &aws::kString, .offset = offsetof(Node, name), .ops = &aws::FieldOf<std::string>::ops, .required = true, .is_honoured = &kHonoured[25], .given_bit = 1u, .given_offset = offsetof(Node, given)},
    {.name = "Left", .wire_name = "Left", .ec2_name = "Left", .shape = &kNode, .offset = offsetof(Node, left), .ops = &aws::FieldOf<aws::Recursive<Node>>::ops, .is_honoured = &kHonoured[26]},
    {.name = "Children", .wire_name = "Children", .ec2_name = "Children", .shape = &kNodeListShape, .offset = offsetof(Node, children), .ops = &aws::UnlessEmpty<std::vector<Node>>::ops, .is_honoured = &kHonoured[27]},
};
constinit const aws::Shape kNode{.kind = aws::Kind::Structure, .name = "Node", .members = kNodeMembers, .is_wrapped = true};
constexpr aws::Member kNodeListShapeElement{.name = "member", .wire_name = "node", .ec2_name = "Node", .shape = &kNode, .ops = &aws::FieldOf<Node>::ops};
constinit const aws::Shape kNodeListShape{.kind = aws::Kind::List, .name = "NodeList", .element = &kNodeListShapeElement, .list = &aws::ListOf<Node>::ops};
constexpr aws::Member kNamesShapeElement{.name = "member", .wire_name = "item", .ec2_name = "Item", .shape = &aws::kString, .ops = &aws::FieldOf<std::string>::ops};
constinit const aws::Shape kNamesShape{.kind = aws::Kind::List, .name = "Names", .element = &kNamesShapeElement, .list = &aws::ListOf<std::string>::ops};
constinit const aws::Shape kGetStreamRequest{.kind = aws::Kind::Structure, .name = "GetStreamRequest"};
constexpr aws::Member kPutItemResultMembers[] = {
    {.name = "Status", .wire_name = "Status", .ec2_name = "Status", .shape = &kSizeShape, .offset = offsetof(PutItemResult, status), .ops = &aws::FieldOf<std::optional<int32_t>>::ops, .location = aws::Location::StatusCode},
    {.name = "Names", .wire_name = "nameSet", .ec2_name = "NameSet", .shape = &kNamesShape, .offset = offsetof(PutItemResult, names), .ops = &aws::FieldOf<std::vector<std::string>>::ops},
    {.name = "Flat", .wire_name = "Flat", .ec2_name = "Flat", .shape = &kFlatNamesShape, .offset = offsetof(PutItemResult, flat), .ops = &aws::FieldOf<std::vector<std::string>>::ops, .is_flattened = true},
    {.name = "Total", .wire_name = "Total", .ec2_name = "Total", .shape = &aws::kLong, .offset = offsetof(PutItemResult, total), .ops = &aws::FieldOf<std::optional<int64_t>>::ops},
    {.name = "Ratio", .wire_name = "Ratio", .ec2_name = "Ratio", .shape = &aws::kDouble, .offset = offsetof(PutItemResult, ratio), .ops = &aws::FieldOf<std::optional<double>>::ops},
    {.name = "Weight", .wire_name = "Weight", .ec2_name = "Weight", .shape = &aws::kFloat, .offset = offsetof(PutItemResult, weight), .ops = &aws::FieldOf<std::optional<double>>::ops},
    {.name = "IPv6ARNs", .wire_name = "IPv6ARNs", .ec2_name = "QueryIt", .shape = &aws::kString, .offset = offsetof(PutItemResult, ipv6_arns), .ops = &aws::FieldOf<std::optional<std::string>>::ops},
};
constinit const aws::Shape kPutItemResult{.kind = aws::Kind::Structure, .name = "PutItemResult", .members = kPutItemResultMembers};
constexpr aws::Member kFlatNamesShapeElement{.name = "member", .wire_name = "member", .ec2_name = "Member", .shape = &aws::kString, .ops = &aws::FieldOf<std::string>::ops};
constinit const aws::Shape kFlatNamesShape{.kind = aws::Kind::List, .name = "FlatNames", .element = &kFlatNamesShapeElement, .list = &aws::ListOf<std::string>::ops, .is_flattened = true};
constexpr aws::Member kGetStreamResultMembers[] = {
    {.name = "Body", .wire_name = "Body", .ec2_name = "Body", .shape = &aws::kStream, .offset = offsetof(GetStreamResult, body), .ops = &aws::FieldOf<aws::Stream>::ops, .required = true},
    {.name = "Modified", .wire_name = "Modified", .ec2_name = "Modified", .shape = &aws::kTimestamp, .offset = offsetof(GetStreamResult, modified), .ops = &aws::FieldOf<std::optional<aws::Timestamp>>::ops, .location = aws::Location::Header, .timestamp = aws::TimestampFormat::Rfc822},
};
constinit const aws::Shape kGetStreamResult{.kind = aws::Kind::Structure, .name = "GetStreamResult", .members = kGetStreamResultMembers, .payload = &kGetStreamResultMembers[0]};

}  // namespace holm::sample::schema
