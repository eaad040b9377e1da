using System.Data.Common;
using System.Globalization;
using System.Text;
using KeycloakAccess.Data;

namespace KeycloakAccess.Models;

/// <summary>An SQL statement of declared names and of parameters: nothing that a caller sent becomes text of it.</summary>
internal sealed class Statement(DatabaseEngine engine)
{
    private readonly StringBuilder _text = new();
    private readonly List<object> _values = [];

    public Statement Add(string text)
    {
        _text.Append(text);
        return this;
    }

    public Statement AddValue(ColumnType type, object? value) => Add(Parameter(type, value));

    /// <summary>Its name, for a text that is made elsewhere.</summary>
    public string AddParameter(string value)
    {
        _values.Add(value);
        return $"@value{_values.Count - 1}";
    }

    public Statement AddRule(RowFilter rule)
    {
        if (rule.Sql is not { } sql)
        {
            return this;
        }

        var parameters = sql.GetArguments().Select(argument => (object)Parameter(TypeOf(argument), argument)).ToArray();
        return Add(" AND (").Add(string.Format(CultureInfo.InvariantCulture, sql.Format, parameters)).Add(")");
    }

    public DbCommand CreateCommand(DbConnection connection, DbTransaction? transaction)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100 // Declared names, checked at start, and parameters.
        command.CommandText = _text.ToString();
#pragma warning restore CA2100
        for (var i = 0; i < _values.Count; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = $"value{i}";
            parameter.Value = _values[i];
            command.Parameters.Add(parameter);
        }

        return command;
    }

    public override string ToString() => _text.ToString();

    private string Parameter(ColumnType type, object? value)
    {
        if (value is null)
        {
            return "NULL";
        }

        _values.Add(type.ToDatabase(value, engine));
        return $"@value{_values.Count - 1}";
    }

    private static ColumnType TypeOf(object? argument) => ColumnType.Find(argument?.GetType() ?? typeof(string))
        ?? throw new InvalidOperationException(
            $"A row-level rule holds a {argument!.GetType().Name}, which cannot be a parameter. There are {ColumnType.Supported}.");
}
