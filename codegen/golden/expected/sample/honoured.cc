// Which members of requests the service's code reads or keeps. Generated; do not edit.

namespace holm::sample::schema {

extern const bool kHonoured[28];
const bool kHonoured[28] = {
    true,  // PutItemRequest.Box
    false,  // PutItemRequest.Key
    false,  // PutItemRequest.MinSize
    false,  // PutItemRequest.Tags
    false,  // PutItemRequest.When
    false,  // PutItemRequest.Metadata
    false,  // PutItemRequest.Item
    true,  // PutItemRequest.ClientToken
    false,  // PutItemRequest.Context
    true,  // PutItemRequest.Kept
    false,  // PutItemRequest.Ignored
    false,  // PutItemRequest.Refused
    false,  // PutItemRequest.Nullable
    false,  // PutItemRequest.delete
    false,  // Tag.Key
    true,  // Tag.Value
    true,  // Item.Kind
    false,  // Item.Secret
    false,  // Item.Choice
    false,  // Item.Anything
    false,  // Item.Service
    false,  // Item.Data
    false,  // Item.Nodes
    false,  // Choice.A
    false,  // Choice.B
    false,  // Node.Name
    false,  // Node.Left
    false,  // Node.Children
};

}  // namespace holm::sample::schema
