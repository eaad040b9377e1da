using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Api.Tests.Contract;

/// <summary>Values that a schema allows, and values that it does not.</summary>
internal sealed class ValueGenerator(ApiDescription description, Random random)
{
    // For patterns, which are tried with each.
    private static readonly string[] Words =
    [
        "a", "book-reader", "x1", "978-0-306-40615-7", "0306406152", "*", "\"1\"", "Ünïcödé 日本", "it's 100 % \"quoted\" \\ / <b>",
        "\U0001F600", "𝔘", " around ", "null", "", "https://example.org/a",
    ];

    public JsonNode? Valid(JsonNode schema, int depth = 0)
    {
        schema = description.Resolve(schema);
        if (schema["oneOf"] is JsonArray choices)
        {
            return Valid(choices[random.Next(choices.Count)]!, depth);
        }

        if (schema["enum"] is JsonArray values)
        {
            return values[random.Next(values.Count)]?.DeepClone();
        }

        var type = TypeOf(schema);
        return type switch
        {
            "null" => null,
            "boolean" => random.Next(2) == 0,
            "integer" => Number(schema),
            "number" => random.Next(2) == 0 ? 12.5m : -3,
            "string" => Text(schema),
            "array" => new JsonArray(
                [.. Enumerable.Range(0, depth > 4 ? 0 : random.Next(3)).Select(_ => Valid(schema["items"]!, depth + 1))]),
            _ => Members(schema, depth),
        };
    }

    /// <summary>A value that differs in one place from one that is allowed; null where no place is left.</summary>
    public JsonNode? Broken(JsonNode schema)
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            var value = Valid(schema);
            var broken = value is JsonObject members && random.Next(6) > 0 ? BreakMember(schema, members) : Other(value);
            if (description.Mistake(schema, broken) is not null)
            {
                return broken;
            }
        }

        return null;
    }

    private JsonObject BreakMember(JsonNode schema, JsonObject value)
    {
        var broken = value.DeepClone().AsObject();
        var names = broken.Select(member => member.Key).ToArray();
        if (names.Length == 0 || random.Next(5) == 0)
        {
            broken[$"unknown{random.Next(100)}"] = 1;
            return broken;
        }

        var name = names[random.Next(names.Length)];
        switch (random.Next(4))
        {
            case 0:
                broken.Remove(name);
                break;
            case 1:
                broken[name] = Beyond(description.Resolve(schema)["properties"]?.AsObject()[name] ?? new JsonObject());
                break;
            case 2:
                broken[name] = null;
                break;
            default:
                broken[name] = Other(broken[name]);
                break;
        }

        return broken;
    }

    private static JsonNode Beyond(JsonNode schema)
    {
        return Bound(schema["maxLength"]) is { } longest ? new string('x', (int)longest + 1)
            : Bound(schema["maximum"]) is { } most ? most + 1
            : Bound(schema["maxItems"]) is { } many
                ? new JsonArray([.. Enumerable.Range(0, (int)many + 1).Select(_ => JsonValue.Create("x"))])
            : "not of this form";
    }

    private JsonNode? Other(JsonNode? value)
    {
        JsonNode?[] all = [1, "x", true, 1.5, new JsonArray(), new JsonArray(null, 1), new JsonObject(), null, -99999999999];
        return all.Where(each => each?.GetValueKind() != value?.GetValueKind()).ElementAt(random.Next(6));
    }

    private string TypeOf(JsonNode schema) => schema["type"] switch
    {
        JsonArray types => types[random.Next(types.Count)]!.GetValue<string>(),
        JsonValue type => type.GetValue<string>(),
        _ => "object",
    };

    private static long? Bound(JsonNode? number) =>
        number is null ? null : (long)double.Parse(number.ToJsonString(), CultureInfo.InvariantCulture);

    private long Number(JsonNode schema)
    {
        var least = Bound(schema["minimum"]) ?? -5;
        var most = Bound(schema["maximum"]) ?? Math.Max(least, 0) + 100;
        Assert.True(least <= most, schema.ToJsonString());
        return random.NextInt64(least, Math.Min(most, long.MaxValue - 1) + 1);
    }

    private string Text(JsonNode schema)
    {
        switch (schema["format"]?.GetValue<string>())
        {
            case "uuid":
                return Uuid().ToString();
            case "date":
                return new DateOnly(2000, 1, 1).AddDays(random.Next(10000)).ToString("O", CultureInfo.InvariantCulture);
            case "date-time":
                return DateTimeOffset.UnixEpoch.AddSeconds(random.Next())
                    .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            default:
                break;
        }

        var least = schema["minLength"]?.GetValue<int>() ?? 0;
        var most = schema["maxLength"]?.GetValue<int>() ?? 100;
        var pattern = schema["pattern"]?.GetValue<string>();
        var fitting = Words.Append(new string('y', Math.Min(most, 20)))
            .Where(word => word.Length >= least && word.Length <= most
                && (pattern is null || Regex.IsMatch(word, pattern, RegexOptions.None, TimeSpan.FromSeconds(1))))
            .ToArray();
        Assert.True(fitting.Length > 0, $"No word fits {schema.ToJsonString()}. Give the generator one.");
        return fitting[random.Next(fitting.Length)];
    }

    // Of version 4 (RFC 9562): clients that check the form take no other digits in two places.
    private Guid Uuid()
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private JsonObject Members(JsonNode schema, int depth)
    {
        var value = new JsonObject();
        var required = schema["required"]?.AsArray().Select(name => name!.GetValue<string>()).ToHashSet(StringComparer.Ordinal) ?? [];
        foreach (var (name, member) in schema["properties"]?.AsObject() ?? [])
        {
            if (required.Contains(name) || random.Next(2) == 0)
            {
                value[name] = Valid(member!, depth + 1);
            }
        }

        if (schema["additionalProperties"] is JsonObject further)
        {
            value[Words[random.Next(4)]] = Valid(further, depth + 1);
        }

        return value;
    }
}
